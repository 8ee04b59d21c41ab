// What a screen reader hears: whole sentences, each once, while the words stream for the eye.

import { byId, make } from "./dom.js";

const MOST = 12;
let waiting = "";

/** Say a sentence. */
export function say(text) {
  const log = byId("spoken");
  if (text.trim()) log.append(make("p", {}, text.trim()));
  while (log.children.length > MOST) log.firstElementChild.remove();
}

/** Take in a piece of streamed words; what ends a line is said. */
export function hear(piece) {
  const lines = (waiting + piece).split("\n");
  waiting = lines.pop();
  lines.forEach(say);
}

/** Say what is left over at the end. */
export function heardAll() {
  say(waiting);
  waiting = "";
}
