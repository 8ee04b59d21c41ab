// The switch of the page's language: what is picked is remembered, and the page comes anew in it.

import { make } from "./dom.js";
import { keep } from "./kept.js";
import { LANGUAGES, language, word } from "./words.js";

/** Put the switch at the end of the page's head. */
export function addSwitch() {
  const buttons = Object.entries(LANGUAGES).map(([code, called]) => buttonFor(code, called));
  const group = { class: "languages", role: "group", "aria-label": word("switch.label") };
  document.querySelector(".top").append(make("div", group, buttons));
}

function buttonFor(code, { tag, name, short }) {
  const click = () => {
    if (code === language) return;
    keep("language", code);
    location.reload();
  };
  const named = { lang: tag, translate: "no", title: name, "aria-label": name };
  return make("button", { type: "button", ...named, "aria-pressed": String(code === language), click }, short);
}
