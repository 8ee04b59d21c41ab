// Puts the page together: the parts, the buttons, and which screen shows.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { showEarlier } from "./earlier.js";
import { showFilters, watchPrices } from "./filters.js";
import { keep, kept } from "./kept.js";
import { showProfile } from "./profile.js";
import { restore } from "./restore.js";
import { say } from "./spoken.js";
import { addSwitch } from "./switch.js";
import { Talk } from "./talk.js";
import { alertOf, told } from "./trouble.js";
import { hideWhy, showWhy } from "./why.js";
import { putWords, word } from "./words.js";

// They make sense in any shop; the first asks for nothing, and so gets what is popular.
const STARTS = [
  [word("start.liked"), (text) => talk.act(text, { do: "more" })],
  [word("start.present"), (text) => talk.say(text)],
  [word("start.blue"), (text) => talk.say(text)],
  [word("start.help"), (text) => talk.say(text)],
];

let caller = { scope: null, user: null };

const acts = {
  async why(card) {
    const reply = await talk.act(word("told.why", card), { do: "why", product: card.number });
    const result = reply?.returned.get("explain");
    if (!result) return;
    showWhy(card, result, talk.language);
    reply.turn.scrollIntoView({ block: "nearest" }); // the panel has made the conversation narrower
  },
  like: (card) => judge(card, "like", word("told.like", card.product)),
  dislike: (card) => judge(card, "dislike", word("told.dislike", card.product)),
};

function judge(card, verdict, told) {
  hideWhy();
  return talk.act(told, { do: verdict, product: card.number });
}

const talk = new Talk({ user: kept("user"), acts, changed });

/** After each turn: the filters and buttons mirror the conversation. */
function changed() {
  const drop = (one, place) => talk.act(word("told.drop", one), { do: "drop", place: place + 1 });
  showFilters(talk.held, talk.language, drop);
  byId("undo").disabled = byId("over").disabled = talk.turns === 0;
}

function renewed() {
  hideWhy();
  talk.renew(kept("user"));
}

const earlier = {
  async resume(id) {
    renewed();
    keep("session", id);
    location.hash = "#chat";
    await restore(talk, id);
    byId("say").focus();
  },
  renew({ stay } = {}) {
    renewed();
    if (!stay) location.hash = "#chat";
  },
};

const titled = (screen) => `${screen} · ${word("page.title")}`;

const SCREENS = {
  chat: { title: word("page.title") },
  earlier: { title: titled(word("earlier.title")), show: () => showEarlier(caller, earlier) },
  profile: { title: titled(word("profile.title")), show: () => showProfile(caller, renewed) },
};

/** Show the screen that the address names, the chat for any other; its name. */
function turnTo() {
  const named = location.hash.slice(1);
  const here = Object.hasOwn(SCREENS, named) ? named : "chat";
  for (const name of Object.keys(SCREENS)) {
    byId(`${name}-view`).hidden = name !== here;
    if (name === here) byId(`to-${name}`).setAttribute("aria-current", "page");
    else byId(`to-${name}`).removeAttribute("aria-current");
  }
  document.title = SCREENS[here].title;
  return here;
}

async function route() {
  const here = turnTo();
  if (!SCREENS[here].show) return;
  await SCREENS[here].show();
  byId(`${here}-title`).focus();
}

function listen() {
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const message = byId("say").value.trim();
    if (!message || talk.busy) return;
    byId("say").value = "";
    hideWhy();
    talk.say(message);
  });
  byId("stop").addEventListener("click", () => talk.stop());
  byId("undo").addEventListener("click", () => talk.act(word("step.undo"), { do: "undo" }));
  byId("over").addEventListener("click", () => talk.act(word("step.over"), { do: "over" }));
  byId("why-close").addEventListener("click", hideWhy);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (talk.running) talk.stop();
    else hideWhy();
  });
  watchPrices((low, high) => talk.act(word("told.price"), { do: "price", low, high }));
  window.addEventListener("hashchange", route);
}

async function start() {
  putWords();
  addSwitch();
  byId("starts").replaceChildren(...STARTS.map(([text, begin]) =>
    make("li", {}, make("button", { type: "button", class: "quiet", click: () => begin(text) }, text))));
  // A small screen shows the conversation first; its filters open by a touch.
  const wide = matchMedia("(min-width: 60.01rem)");
  const fold = () => (byId("filters").open = wide.matches);
  wide.addEventListener("change", fold);
  fold();
  changed();
  turnTo();
  listen();
  const last = kept("session");
  try {
    caller = await api.whoAmI();
    if (caller.user) keep("user", null);
    talk.user = caller.user ?? kept("user");
    // Who was quick has begun a conversation meanwhile; that is then the one.
    if (last && !talk.running && !talk.turns) await restore(talk, last);
    await route();
  } catch (error) {
    byId("turns").append(alertOf(error));
    say(told(error), error.said);
  }
}

start();
