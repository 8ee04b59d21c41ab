// One turn on the screen: what was said or done, then the answer as it comes.

import { cardOf, putReason } from "./card.js";
import { byId, make } from "./dom.js";
import { priceText } from "./money.js";
import { hear, say } from "./spoken.js";
import { refusedBy, tell, told } from "./trouble.js";
import { word } from "./words.js";

const LISTING = ["recommend", "search", "similar", "bought_together"];

export class Reply {
  /**
   * `line` is what was said or done; `acts` and `marks` are for the cards; `said` is the language
   * that the assistant has spoken so far.
   */
  constructor(line, acts, marks, said) {
    Object.assign(this, { acts, marks, said });
    this.returned = new Map(); // what each tool has answered, by its name
    this.waiting = new Map(); // cards whose words are still to come, by number and product
    this.over = false; // all is there but such words
    this.working = make("p", { class: "working" }, word("reply.thinking"));
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
      product_words: () => this.productWords(event),
      table: () => this.add(tableOf(event)),
      failed: () => this.failed(refusedBy(0, event)),
    };
    handlers[event.type]?.();
  }

  words(text) {
    // Cards and tables end a paragraph; what is said after them is another.
    if (!this.line) this.add((this.line = make("p", { class: "words" })), true);
    this.line.append(text);
    hear(text, this.said);
  }

  products(cards) {
    this.stepBack();
    const made = cards.map((card) => cardOf(card, this.acts, this.marks.get(card.product.id)));
    cards.forEach((card, place) => card.pending && this.waiting.set(keyOf(card.number, card.product.id), [card, made[place]]));
    this.add(make("div", { class: "cards" }, made));
    say(word("reply.products", { n: cards.length, list: cards.map(spoken).join("; ") }));
    this.show();
  }

  /** The words of a card that waits for some; other cards have theirs. */
  productWords({ number, product, reason }) {
    const [card, element] = this.waiting.get(keyOf(number, product)) ?? [];
    if (!card) return;
    this.waiting.delete(keyOf(number, product));
    card.reason = reason; // the panel of reasons begins with it
    putReason(element, reason, this.said);
    if (reason) say(word("reply.reason", { n: number, title: card.product.title, reason }), this.said);
  }

  /** No more words will come; who has waited for some has none. */
  endWords() {
    for (const [, element] of this.waiting.values()) putReason(element, null);
    this.waiting.clear();
  }

  /** Earlier cards lose their buttons: their numbers mean something else now, or nothing. */
  stepBack() {
    for (const earlier of document.querySelectorAll(".turn:not(.past)")) {
      if (earlier !== this.turn) earlier.classList.add("past");
    }
  }

  failed(error) {
    this.add(tell(make("p", { class: "wrong" }), error));
    say(told(error), error.said);
  }

  /** So that a screen reader takes the voice of that language for what is not the page's own words. */
  language(code) {
    this.said = code;
    for (const part of this.answer.querySelectorAll(".words, .reason, table")) part.lang = code;
  }

  /** All is there but words of products. */
  end() {
    this.over = true;
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

const keyOf = (number, product) => `${number} ${product}`;

function doing(step) {
  return {
    reading: word("reply.reading"), choosing: word("reply.thinking"),
    search: word("reply.searching"), recommend: word("reply.choosing"),
  }[step] ?? word("reply.looking");
}

const spoken = ({ number, product }) =>
  [`${number}, ${product.title}`, priceText(product.price, product.currency)].filter(Boolean).join(", ");

function tableOf({ titles, rows }) {
  const head = make("tr", {}, make("td"), titles.map((title) => make("th", { scope: "col" }, title)));
  const body = rows.map(([name, values]) =>
    make("tr", {}, make("th", { scope: "row" }, name), values.map((value) => make("td", {}, value ?? "—"))));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, body));
  // It may be wider than a phone: whoever has a keyboard can scroll it.
  const label = { class: "table", tabindex: "0", role: "region", "aria-label": word("reply.compared") };
  return make("div", label, table);
}
