// Why this product: the reason, what it stands on, and how the score came about.

import { byId, make, marked } from "./dom.js";
import { priceText } from "./money.js";

const DID = {
  view: "You viewed", cart: "You put in the cart", purchase: "You bought",
  rating: "You rated", like: "You liked", dislike: "You did not want",
};
const SOURCES = {
  query: "Like your words", text: "Near your taste", lexical: "The same words", popular: "Popular",
  together: "Bought together", next: "Bought next", behaviour: "Your pattern", new: "New", cold: "Untried",
};
const HIDDEN = new Set(["id", "url", "image_url", "currency", "in_stock", "title"]);
let opener = null;

/** Open the panel with what the tool `explain` said of a card's product. */
export function showWhy(card, result) {
  opener = document.activeElement;
  const { product } = card;
  const evidence = result.evidence ?? [];
  byId("why-title").textContent = `Why “${product.title}”?`;
  byId("why-body").replaceChildren(
    make("p", {}, marked(result.reason ?? card.reason ?? "", evidence.flatMap(quoted))),
    ...part("What it stands on", evidenceList(evidence)),
    ...part("Where it was found", bars(result.sources ?? {})),
    ...part("The product's fields", fieldList(product, evidence)),
    ...part("Score", scoreList(result)),
  );
  byId("why").hidden = false;
  byId("chat-view").classList.add("with-why");
  byId("why-title").focus();
}

/** Close it; the focus goes back to where it came from. */
export function hideWhy() {
  if (byId("why").hidden) return;
  byId("why").hidden = true;
  byId("chat-view").classList.remove("with-why");
  if (opener?.isConnected && opener.offsetParent) opener.focus();
  else byId("say").focus();
}

const part = (title, content) => (content ? [make("h3", {}, title), content] : []);

function evidenceList(evidence) {
  if (!evidence.length) return null;
  return make("ul", { class: "evidence" }, evidence.map((one) =>
    make("li", {}, make("span", { class: "kind" }, kindOf(one)), wordsOf(one))));
}

function kindOf(one) {
  if (one.source === "history") return DID[one.kind] ?? "You chose";
  return one.source === "query" ? "You asked for" : `The catalogue says: ${plainName(one.name)}`;
}

/** What a reason may quote of it: "white" of "colour: white", each step of a category. */
const quoted = (one) => (one.name === "category" ? one.text.split(", ") : [wordsOf(one)]);

const wordsOf = (one) => (one.name.startsWith("attributes.") ? one.text.replace(/^[^:]*: /, "") : one.text);

const plainName = (name) => name.replace("attributes.", "");

function fieldList(product, evidence) {
  const used = new Set(evidence.filter((one) => one.source === "field").map((one) => plainName(one.name)));
  const rows = fieldsOf(product).map(([name, value]) =>
    make("div", used.has(name) ? { class: "used" } : {}, make("dt", {}, name), make("dd", {}, value,
      used.has(name) ? make("span", { class: "unseen" }, " (the reason stands on this)") : null)));
  return rows.length ? make("dl", { class: "fields" }, rows) : null;
}

function fieldsOf(product) {
  const price = product.price && { price: priceText(product.price, product.currency) };
  const plain = Object.entries({ ...product, ...price })
    .filter(([name]) => !HIDDEN.has(name) && name !== "attributes");
  return [...plain, ...Object.entries(product.attributes ?? {})].map(([name, value]) => [
    name, Array.isArray(value) ? value.join(" › ") : String(value)]);
}

/** A bar for each source that found the product: the higher it stood there, the longer. */
function bars(sources) {
  const ranks = Object.entries(sources).sort(([, one], [, other]) => one - other);
  if (!ranks.length) return null;
  return make("ul", { class: "bars" }, ranks.map(([name, rank]) => {
    const fill = make("i");
    fill.style.width = `${Math.max(100 / Math.sqrt(rank), 4)}%`;
    return make("li", {}, make("span", {}, SOURCES[name] ?? name),
      make("span", { class: "bar", "aria-hidden": "true" }, fill),
      make("span", { class: "value" }, `place ${rank}`));
  }));
}

function scoreList(result) {
  const names = { final: "Together", llm: "Language model", retrieval: "Retrieval" };
  const scores = Object.entries(result.scores ?? {});
  if (!scores.length) return null;
  const rows = scores.map(([name, value]) =>
    make("div", {}, make("dt", {}, names[name] ?? name), make("dd", {}, value.toFixed(3))));
  const place = `${result.rank} of ${result.ranked}`;
  if (result.rank) rows.unshift(make("div", {}, make("dt", {}, "Place"), make("dd", {}, place)));
  return make("dl", { class: "fields" }, rows);
}
