// What this tab remembers until it is closed: the key, the shopper's name, the conversation.

const names = { key: "llmrec.key", user: "llmrec.user", session: "llmrec.session" };

/** The value under "key", "user" or "session"; null if there is none. */
export const kept = (what) => sessionStorage.getItem(names[what]);

/** Keep a value; null lets it go. */
export function keep(what, value) {
  if (value) sessionStorage.setItem(names[what], value);
  else sessionStorage.removeItem(names[what]);
}
