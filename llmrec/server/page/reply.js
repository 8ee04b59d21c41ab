// One turn on the screen: what was said or done, then the answer as it comes.

import { cardOf } from "./card.js";
import { byId, make } from "./dom.js";
import { priceText } from "./money.js";
import { hear, say } from "./spoken.js";

const LISTING = ["recommend", "search", "similar", "bought_together"];

export class Reply {
  /** `line` is what was said or done; `acts` and `marks` are for the cards. */
  constructor(line, acts, marks) {
    this.acts = acts;
    this.marks = marks;
    this.returned = new Map(); // what each tool has answered, by its name
    this.working = make("p", { class: "working" }, "Thinking");
    this.answer = make("div", {});
    const label = { class: "turn", "aria-label": line.textContent };
    this.turn = make("section", label, line, this.answer, this.working);
    byId("welcome").hidden = true;
    byId("turns").append(this.turn);
    this.show();
  }

  take(event) {
    const handlers = {
      thinking: () => (this.working.textContent = doing(event.step)),
      tool_returned: () => this.returned.set(event.name, event.result),
      words: () => this.words(event.text),
      products: () => this.products(event.cards),
      table: () => this.add(tableOf(event)),
      failed: () => this.failed([event.message, event.hint].filter(Boolean).join(" ")),
    };
    handlers[event.type]?.();
  }

  words(text) {
    // Cards and tables end a paragraph; what is said after them is another.
    if (!this.line) this.add((this.line = make("p", { class: "words" })), true);
    this.line.append(text);
    hear(text);
  }

  products(cards) {
    this.stepBack();
    const made = cards.map((card) => cardOf(card, this.acts, this.marks.get(card.product.id)));
    this.add(make("div", { class: "cards" }, made));
    say(`${cards.length === 1 ? "1 product" : `${cards.length} products`}: ${cards.map(spoken).join("; ")}`);
    this.show();
  }

  /** Earlier cards lose their buttons: their numbers mean something else now, or nothing. */
  stepBack() {
    for (const earlier of document.querySelectorAll(".turn:not(.past)")) {
      if (earlier !== this.turn) earlier.classList.add("past");
    }
  }

  failed(text) {
    this.add(make("p", { class: "wrong" }, text));
    say(text);
  }

  /** So that a screen reader takes the voice of that language. */
  language(code) {
    this.answer.lang = code;
  }

  end() {
    this.working.remove();
    if (!this.answer.querySelector(".cards")) this.turn.scrollIntoView({ block: "nearest" });
    if (LISTING.some((tool) => this.returned.has(tool))) this.stepBack();
    const active = document.activeElement;
    if (active === document.body || !active?.checkVisibility()) {
      // The button that was pressed may have gone with its card.
      (this.answer.querySelector("h2") ?? byId("say")).focus({ preventScroll: true });
    }
  }

  add(element, goesOn = false) {
    if (!goesOn) this.line = null;
    this.answer.append(element);
  }

  show() {
    this.turn.scrollIntoView({ block: "start" });
  }
}

function doing(step) {
  const known = { reading: "Reading", choosing: "Thinking", search: "Searching" };
  return { ...known, recommend: "Choosing for you" }[step] ?? "Looking it up";
}

const spoken = ({ number, product }) =>
  [`${number}, ${product.title}`, priceText(product.price, product.currency)].filter(Boolean).join(", ");

function tableOf({ titles, rows }) {
  const head = make("tr", {}, make("td"), titles.map((title) => make("th", { scope: "col" }, title)));
  const body = rows.map(([name, values]) =>
    make("tr", {}, make("th", { scope: "row" }, name), values.map((value) => make("td", {}, value ?? "—"))));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, body));
  // It may be wider than a phone: whoever has a keyboard can scroll it.
  const label = { class: "table", tabindex: "0", role: "region", "aria-label": "Comparison" };
  return make("div", label, table);
}
