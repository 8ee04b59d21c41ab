// What is remembered: in this tab until it is closed the key, the shopper's name and the
// conversation; in this browser the language that was picked.

const names = { key: "llmrec.key", user: "llmrec.user", session: "llmrec.session", language: "llmrec.language" };

const store = (what) => (what === "language" ? localStorage : sessionStorage);

/** The value under "key", "user", "session" or "language"; null if there is none. */
export const kept = (what) => store(what).getItem(names[what]);

/** Keep a value; null lets it go. */
export function keep(what, value) {
  if (value) store(what).setItem(names[what], value);
  else store(what).removeItem(names[what]);
}
