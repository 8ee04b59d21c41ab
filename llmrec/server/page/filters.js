// The filters at the side: they mirror what the conversation holds, and can be changed by hand.

import { byId, make } from "./dom.js";
import { numberText } from "./formats.js";
import { asTyped, typedPrice } from "./money.js";
import { word } from "./words.js";

const LIMITS = { min_price: byId("price-from"), max_price: byId("price-to") };

/**
 * Show the constraints that hold.
 * `held`: the conversation's, each with `constraint` and `text`, in the language `said`; `drop` gets
 * one and its place.
 */
export function showFilters(held, said, drop) {
  const chips = held.map((one, place) => chip(one, said, () => drop(one, place)));
  byId("held").replaceChildren(...chips);
  byId("held-none").hidden = held.length > 0;
  const count = byId("filters-count");
  count.textContent = numberText(held.length);
  count.hidden = held.length === 0;
  for (const [kind, input] of Object.entries(LIMITS)) {
    const limit = held.find((one) => one.constraint.kind === kind);
    input.value = asTyped(limit?.constraint.amount ?? "");
  }
}

function chip(one, said, click) {
  const cross = make("span", { "aria-hidden": "true" }, "✕");
  const label = word("filters.drop", one);
  const text = make("b", { lang: said }, one.text);
  return make(
    "li",
    {},
    make("button", { type: "button", class: "chip", "aria-label": label, click }, text, cross),
  );
}

/** Let the price fields set limits: `set` gets decimals as texts, null where there is no limit. */
export function watchPrices(set) {
  const wrong = byId("prices-wrong");
  byId("prices").addEventListener("submit", (event) => {
    event.preventDefault();
    const [low, high] = Object.values(LIMITS).map((input) => typedPrice(input.value));
    const problem = problemOf(low, high);
    wrong.hidden = !problem;
    wrong.textContent = problem;
    for (const input of Object.values(LIMITS)) input.setAttribute("aria-invalid", String(Boolean(problem)));
    if (!problem) set(low, high);
  });
}

function problemOf(low, high) {
  if (low === undefined || high === undefined) return word("filters.unread");
  if (low && high && Number(low) > Number(high)) return word("filters.crossed");
  return "";
}
