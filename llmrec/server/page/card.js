// A product on the screen.

import { make, webAddress } from "./dom.js";
import { priceText } from "./money.js";
import { word } from "./words.js";

/**
 * The card of a product.
 * `acts`: functions `why`, `like`, `dislike` that get the card; left out, the card has no buttons.
 * `mark`: "like" or "dislike", if the shopper has said so in this conversation.
 */
export function cardOf(card, acts, mark) {
  const { product } = card;
  const title = make("h2", { tabindex: "-1" }, number(card), titleOf(product));
  const body = make("div", { class: "card-body" }, [
    product.category && make("p", { class: "path" }, product.category.slice(-2).join(" › ")),
    title,
    product.brand && make("p", { class: "brand-name" }, product.brand),
    product.price && make("p", { class: "price" }, priceText(product.price, product.currency)),
    product.in_stock === false && make("p", { class: "stock" }, word("card.none")),
    card.pending ? skeleton() : card.reason && make("p", { class: "reason" }, card.reason),
    acts && buttons(card, acts, mark),
  ].filter(Boolean));
  return make("article", { class: "card", "aria-label": product.title }, picture(product), body);
}

/** Put words where a card's skeleton is, in the language `said`; where there are none, it goes. */
export function putReason(card, words, said) {
  const place = card.querySelector(".reason");
  place.removeAttribute("aria-busy");
  if (!words) place.remove();
  place.lang = said ?? "";
  place.replaceChildren(words ?? "");
}

/** Bars in the place of words that are being written, with room for a line more than most have. */
function skeleton() {
  const bars = [1, 2, 3, 4].map(() => make("span", { class: "bone", "aria-hidden": "true" }));
  return make("p", { class: "reason awaited", "aria-busy": "true" },
    make("span", { class: "unseen" }, word("card.writing")), bars);
}

const number = (card) => make("span", { class: "number" }, `${card.number}. `);

function titleOf(product) {
  const href = product.url && webAddress(product.url);
  if (!href) return product.title;
  return make("a", { href, target: "_blank", rel: "noopener noreferrer" }, product.title);
}

function picture(product) {
  const src = product.image_url && webAddress(product.image_url);
  if (!src) return null;
  // The title stands beneath it, so that the picture says nothing more to a screen reader.
  const image = make("img", { src, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.remove());
  return image;
}

function buttons(card, acts, mark) {
  const button = (name, text, label, more = {}) =>
    make(
      "button",
      { type: "button", class: "quiet", "aria-label": label, ...more, click: () => acts[name](card) },
      text,
    );
  const { title } = card.product;
  const marks = { "aria-pressed": String(mark === "like") };
  return make(
    "div",
    { class: "card-acts" },
    button("why", word("card.why"), word("card.why-of", { title })),
    button("like", word("card.like"), word("card.like-of", { title }), marks),
    button("dislike", word("card.dislike"), word("card.dislike-of", { title })),
  );
}
