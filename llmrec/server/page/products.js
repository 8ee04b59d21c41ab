// The catalogue: found, paged through, changed, added to, removed from.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { askForProduct, sureToRemove } from "./product.js";
import { say } from "./spoken.js";

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
  byId("items-told").textContent = text
    ? `${found.items.length === LIMIT ? `The best ${LIMIT}` : found.items.length} that hold “${text}”.`
    : `${found.total} products, by id.`;
  byId("back").disabled = Boolean(text) || !before.length;
  byId("next").disabled = Boolean(text) || !following;
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
  byId("add").addEventListener("click", () => askForProduct(null, changed("Added")));
}

const changed = (what) => async (id) => {
  say(`${what}: ${id}`);
  await showProducts();
};

function line(item) {
  const button = (text, click, kind = "quiet") =>
    make("button", { type: "button", class: kind, "aria-label": `${text}: ${item.title}`, click }, text);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, item.title, make("span", { class: "hint" },
      [item.id, item.brand, item.category.join(" › ")].filter(Boolean).join(" · "))),
    make("td", { class: "number" }, item.price === null ? "–" : `${item.price} ${item.currency ?? ""}`),
    make("td", { class: "number" }, item.stock === null ? "not said" : item.stock.toLocaleString("en")),
    make("td", { class: "row-end" },
      button("Change", () => askForProduct(item, changed("Changed"))),
      button("Remove", () => sureToRemove(item, changed("Removed")), "danger")),
  );
}
