// Earlier conversations: which there are, going on with one, deleting one.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { kept } from "./kept.js";
import { say } from "./spoken.js";

/**
 * Show the conversations that the server keeps of this shopper; of a stranger, this tab's alone.
 * `resume` goes on with the one of an id, `renew` begins anew.
 */
export async function showEarlier(caller, { resume, renew }) {
  const body = byId("earlier-body");
  const user = caller.user ?? kept("user");
  body.replaceChildren(); // a list of before would offer what is gone by now
  try {
    const found = await conversations(user);
    const lines = found.map((one) => lineOf(one, user, { resume, renew }, () => showEarlier(caller, { resume, renew })));
    body.replaceChildren(
      lines.length
        ? make("ul", { class: "lines" }, lines)
        : make("p", { class: "hint" }, "None yet. What you ask in the chat is kept here."),
      make("p", { class: "row" }, make("button", { type: "button", id: "new-talk", click: renew }, "New conversation")),
    );
  } catch (error) {
    body.replaceChildren(make("p", { class: "wrong", role: "alert" }, api.told(error)));
  }
}

/** Lists are by shopper, so that one stranger does not read what another has asked. */
async function conversations(user) {
  if (user) return api.sessions(user);
  const id = kept("session");
  if (!id) return [];
  try {
    const { turns } = await api.session(id, null);
    return turns.length ? [{ id, title: turns[0].said, turns: turns.length, said: turns.at(-1).at }] : [];
  } catch (error) {
    if (error.status === 404) return [];
    throw error;
  }
}

function lineOf(one, user, { resume, renew }, again) {
  const wrong = make("span", { class: "wrong", role: "alert" });
  const remove = async () => {
    try {
      await api.deleteSession(one.id, user);
    } catch (error) {
      wrong.textContent = api.told(error);
      return;
    }
    if (one.id === kept("session")) renew({ stay: true });
    say(`Deleted: ${one.title}`);
    await again();
    byId("earlier-title").focus();
  };
  const button = (text, told, click, kind = "quiet") =>
    make("button", { type: "button", class: kind, "aria-label": `${told}: ${one.title}`, click }, text);
  return make(
    "li",
    {},
    make("span", { class: "talked" }, make("span", {}, one.title), make("span", { class: "hint" }, when(one)), wrong),
    make("span", { class: "row-end" },
      button("Go on", "Go on with", () => resume(one.id)),
      button("Delete", "Delete", remove)),
  );
}

function when({ turns, said }) {
  const many = turns === 1 ? "1 message" : `${turns} messages`;
  const at = said && new Date(said).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  return at ? `${at}, ${many}` : many;
}
