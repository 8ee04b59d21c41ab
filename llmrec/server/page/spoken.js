// What a screen reader hears: whole sentences, each once, while the words stream for the eye.

import { byId, make } from "./dom.js";

const MOST = 12;
let waiting = "";
let streamed = []; // the lines of the reply that runs

/** Say a sentence, in a language other than the page's if `said` names one; gives its line. */
export function say(text, said) {
  const log = byId("spoken");
  const line = make("p", { lang: said }, text.trim());
  if (text.trim()) log.append(line);
  while (log.children.length > MOST) log.firstElementChild.remove();
  return line;
}

/** Take in a piece of streamed words; what ends a line is said, in the language they are likely in. */
export function hear(piece, said) {
  const lines = (waiting + piece).split("\n");
  waiting = lines.pop();
  streamed.push(...lines.map((line) => say(line, said)));
}

/** Say what is left over at the end, when the server has told the language `said` of it all. */
export function heardAll(said) {
  for (const line of [...streamed, say(waiting, said)]) line.lang = said;
  waiting = "";
  streamed = [];
}
