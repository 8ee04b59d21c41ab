// Earlier conversations: which there are, going on with one, deleting one.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { momentText } from "./formats.js";
import { kept } from "./kept.js";
import { say } from "./spoken.js";
import { alertOf, tell } from "./trouble.js";
import { word } from "./words.js";

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
        : make("p", { class: "hint" }, word("earlier.none")),
      make("p", { class: "row" },
        make("button", { type: "button", id: "new-talk", click: renew }, word("earlier.new"))),
    );
  } catch (error) {
    body.replaceChildren(alertOf(error));
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
      tell(wrong, error);
      return;
    }
    if (one.id === kept("session")) renew({ stay: true });
    say(word("earlier.deleted", one));
    await again();
    byId("earlier-title").focus();
  };
  const button = (text, label, click) =>
    make("button", { type: "button", class: "quiet", "aria-label": label, click }, text);
  return make(
    "li",
    {},
    make("span", { class: "talked" }, make("span", {}, one.title), make("span", { class: "hint" }, when(one)), wrong),
    make("span", { class: "row-end" },
      button(word("earlier.resume"), word("earlier.resume-of", one), () => resume(one.id)),
      button(word("earlier.delete"), word("earlier.delete-of", one), remove)),
  );
}

function when({ turns, said }) {
  const many = word("earlier.messages", { n: turns });
  return said ? word("earlier.when", { at: momentText(said), many }) : many;
}
