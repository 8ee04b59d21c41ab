// The catalogue: found, paged through, changed, added to, removed from.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { numberText } from "./formats.js";
import { priceText } from "./money.js";
import { askForProduct, sureToRemove } from "./product.js";
import { say } from "./spoken.js";
import { word } from "./words.js";

const LIMIT = 20;
const before = []; // where the pages before this one began
let here = "";
let text = ""; // the words that were sent, not those being typed
let following = null;

/** Draw the page of the catalogue that was asked for. */
export async function showProducts() {
  const found = await api.items({ text, after: text ? "" : here, limit: LIMIT });
  following = found.after;
  byId("items").replaceChildren(...found.items.map(line));
  byId("items-told").textContent = summary(found);
  byId("back").disabled = Boolean(text) || !before.length;
  byId("next").disabled = Boolean(text) || !following;
}

function summary({ items, total }) {
  if (!text) return word("items.all", { n: total });
  return word(items.length === LIMIT ? "items.best" : "items.found", { n: items.length, text });
}

/** Let the buttons work; `tried` says what fails. */
export function watchProducts(tried) {
  const show = () => tried(showProducts);
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    before.length = 0;
    here = "";
    text = byId("find").value.trim();
    show();
  });
  byId("next").addEventListener("click", () => {
    before.push(here);
    here = following;
    show();
  });
  byId("back").addEventListener("click", () => {
    here = before.pop() ?? "";
    show();
  });
  byId("add").addEventListener("click", () => askForProduct(null, changed((id) => word("items.added", { id }))));
}

const changed = (words) => async (id) => {
  say(words(id));
  await showProducts();
};

const CHANGED = changed((id) => word("items.changed", { id }));
const REMOVED = changed((id) => word("items.removed", { id }));

function line(item) {
  const button = (text, label, click, kind = "quiet") =>
    make("button", { type: "button", class: kind, "aria-label": label, click }, text);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, item.title, make("span", { class: "hint" },
      [item.id, item.brand, item.category.join(" › ")].filter(Boolean).join(" · "))),
    make("td", { class: "number" }, priceText(item.price, item.currency) || "–"),
    make("td", { class: "number" }, item.stock === null ? word("items.unsaid") : numberText(item.stock)),
    make("td", { class: "row-end" },
      button(word("items.change"), word("items.change-of", item), () => askForProduct(item, CHANGED)),
      button(word("items.remove"), word("items.remove-of", item), () => sureToRemove(item, REMOVED), "danger")),
  );
}
