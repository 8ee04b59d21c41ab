// After a reload: the conversation of this tab, as far as the server still has it.

import * as api from "./api.js";
import { cardOf } from "./card.js";
import { byId, make } from "./dom.js";
import { keep } from "./kept.js";
import { Refused } from "./trouble.js";

/** Show what was said in the conversation `id`, and the products on the screen with their buttons. */
export async function restore(talk, id) {
  try {
    const session = await api.session(id, talk.user);
    if (session.turns.length && !talk.running) await show(talk, session);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    keep("session", null); // forgotten, or somebody else's
  }
}

async function show(talk, session) {
  const { turns, held, shown, marks, language } = session;
  Object.assign(talk, { held, language, turns: turns.length, marks: new Map(Object.entries(marks)) });
  byId("welcome").hidden = true;
  byId("turns").append(...turns.map((turn) => said(turn, language)));
  talk.changed(); // what holds stands there at once, the products when they are fetched
  const found = await Promise.allSettled(shown.map((id) => api.item(id)));
  const cards = found.flatMap(({ value }, place) =>
    value ? [cardOf({ number: place + 1, product: plain(value) }, talk.acts, talk.marks.get(value.id))] : []);
  const shelf = make("section", { class: "turn" }, make("div", { class: "cards" }, cards));
  if (cards.length) byId("turns").append(shelf);
  byId("turns").lastElementChild.scrollIntoView();
}

const said = (turn, language) =>
  make("section", { class: "turn past" },
    make("p", { class: "said" }, turn.said),
    make("p", { class: "words", lang: language }, turn.answered));

/** An item of the catalogue in the shape that replies have. */
const plain = (item) => ({ ...item, in_stock: item.stock === null ? undefined : item.stock > 0 });
