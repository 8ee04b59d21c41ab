// What goes wrong, in words for whoever sits here.

import { make } from "./dom.js";
import { language, word } from "./words.js";

const BUSY = word("trouble.busy");
const SLOW = word("trouble.slow");
const MODEL = word("trouble.model");
// What anybody may meet who does nothing wrong, by the API's code. Of the rest its own words say more.
const KNOWN = {
  unauthorized: word("trouble.key"),
  rate_exceeded: BUSY, overloaded: BUSY, locked: BUSY,
  timeout: SLOW, model_timeout: SLOW,
  model_failed: MODEL, model_unavailable: MODEL, internal: word("trouble.server"),
  already_there: word("product.taken"),
};

/** Why something was not done: `message` and `hint` are for people, in the language `said`. */
export class Refused extends Error {
  constructor({ status = 0, message, hint = "", field = "", said = language }) {
    super(message);
    Object.assign(this, { status, hint, field, said });
  }
}

/** What the server answered instead: in the reader's words where there are some, else in its English ones. */
export function refusedBy(status, { code, message, hint, field } = {}) {
  if (Object.hasOwn(KNOWN, code ?? "")) return new Refused({ status, message: KNOWN[code] });
  if (!message) return new Refused({ status, message: word("trouble.status", { status: `${status}` }) });
  return new Refused({ status, message, hint, field: field ?? "", said: "en" });
}

/** An error in words; what is no refusal is a server that does not answer. */
export function told(error) {
  if (error instanceof Refused) return [error.message, error.hint].filter(Boolean).join(" ");
  return word("trouble.unreachable");
}

/** Put the words for an error into an element; gives the element. */
export function tell(element, error) {
  element.lang = error.said ?? language;
  element.textContent = told(error);
  return element;
}

/** A paragraph that a screen reader reads at once. */
export const alertOf = (error) => tell(make("p", { class: "wrong", role: "alert" }), error);
