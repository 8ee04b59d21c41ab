// Why this product: the reason, what it stands on, and how the score came about.

import * as api from "./api.js";
import { byId, make, marked } from "./dom.js";
import { scoreText } from "./formats.js";
import { priceText } from "./money.js";
import { word } from "./words.js";

const DID = {
  view: word("did.view"), cart: word("did.cart"), purchase: word("did.purchase"),
  rating: word("did.rating"), like: word("did.like"), dislike: word("did.dislike"),
};
const SOURCES = {
  query: word("source.query"), text: word("source.text"), lexical: word("source.lexical"),
  popular: word("source.popular"), together: word("source.together"), next: word("source.next"),
  behaviour: word("source.behaviour"), new: word("source.new"), cold: word("source.cold"),
};
// What every product may have; other fields are called as the catalogue calls them.
const FIELDS = { brand: word("field.brand"), category: word("field.category"), price: word("field.price") };
const SCORES = { final: word("score.final"), llm: word("score.llm"), retrieval: word("score.retrieval") };
const HIDDEN = new Set(["id", "url", "image_url", "currency", "in_stock", "title"]);
let opener = null;

/** Open the panel with what the tool `explain` said of a card's product, in the language `said`. */
export function showWhy(card, result, said) {
  opener = document.activeElement;
  const { product } = card;
  const evidence = result.evidence ?? [];
  const reason = result.reason ?? card.reason;
  byId("why-title").textContent = word("why.of", product);
  byId("why-body").replaceChildren(
    ...(reason ? [make("p", { lang: said }, marked(reason, evidence.flatMap(quoted)))] : []),
    ...part(word("why.evidence"), evidenceList(evidence)),
    make("div", { id: "why-reviews", lang: said }),
    ...part(word("why.sources"), bars(result.sources ?? {})),
    ...part(word("why.fields"), fieldList(product, evidence)),
    ...part(word("why.scores"), scoreList(result)),
  );
  showReviews(product, said);
  byId("why").hidden = false;
  byId("chat-view").classList.add("with-why");
  byId("why-title").focus();
}

/** What reviewers say, as soon as it is there; where nobody has, nothing. */
async function showReviews(product, said) {
  const place = byId("why-reviews");
  const found = await api.reviews(product.id, said).catch(() => null);
  if (!found || (!found.reviewers && !found.ratings)) return;
  const lines = found.text.split("\n").map((line) => make("p", {}, line));
  place.replaceChildren(...part(word("why.reviews"), make("div", {}, lines)));
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
  if (one.source === "history") return DID[one.kind] ?? word("did.other");
  return one.source === "query" ? word("did.asked") : word("did.field", { name: called(plainName(one.name)) });
}

/** What a reason may quote of it: "white" of "colour: white", each step of a category. */
const quoted = (one) => (one.name === "category" ? one.text.split(", ") : [wordsOf(one)]);

const wordsOf = (one) => (one.name.startsWith("attributes.") ? one.text.replace(/^[^:]*: /, "") : one.text);

const plainName = (name) => name.replace("attributes.", "");

const called = (name) => (Object.hasOwn(FIELDS, name) ? FIELDS[name] : name);

function fieldList(product, evidence) {
  const used = new Set(evidence.filter((one) => one.source === "field").map((one) => plainName(one.name)));
  const rows = fieldsOf(product).map(([name, value]) =>
    make("div", used.has(name) ? { class: "used" } : {}, make("dt", {}, called(name)), make("dd", {}, value,
      used.has(name) ? make("span", { class: "unseen" }, word("why.used")) : null)));
  return rows.length ? make("dl", { class: "fields" }, rows) : null;
}

function fieldsOf(product) {
  const price = product.price && { price: priceText(product.price, product.currency) };
  const plain = Object.entries({ ...product, ...price })
    .filter(([name]) => !HIDDEN.has(name) && name !== "attributes");
  return [
    ...plain.map(([name, value]) => [name, joined(value, " › ")]),
    ...Object.entries(product.attributes ?? {}).map(([name, value]) => [name, joined(value, ", ")]),
  ];
}

const joined = (value, between) => (Array.isArray(value) ? value.join(between) : String(value));

/** A bar for each source that found the product: the higher it stood there, the longer. */
function bars(sources) {
  const ranks = Object.entries(sources).sort(([, one], [, other]) => one - other);
  if (!ranks.length) return null;
  return make("ul", { class: "bars" }, ranks.map(([name, rank]) => {
    const fill = make("i");
    fill.style.width = `${Math.max(100 / Math.sqrt(rank), 4)}%`;
    return make("li", {}, make("span", {}, SOURCES[name] ?? name),
      make("span", { class: "bar", "aria-hidden": "true" }, fill),
      make("span", { class: "value" }, word("why.place-at", { rank })));
  }));
}

function scoreList(result) {
  const scores = Object.entries(result.scores ?? {});
  if (!scores.length) return null;
  const rows = scores.map(([name, value]) =>
    make("div", {}, make("dt", {}, SCORES[name] ?? name), make("dd", {}, scoreText(value))));
  if (!result.rank) return make("dl", { class: "fields" }, rows);
  const place = make("div", {}, make("dt", {}, word("why.place")), make("dd", {}, word("why.place-of", result)));
  return make("dl", { class: "fields" }, place, rows);
}
