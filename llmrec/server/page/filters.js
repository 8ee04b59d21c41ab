// The filters at the side: they mirror what the conversation holds, and can be changed by hand.

import { byId, make } from "./dom.js";
import { typedPrice } from "./money.js";

const LIMITS = { min_price: byId("price-from"), max_price: byId("price-to") };

/**
 * Show the constraints that hold.
 * `held`: the conversation's, each with `constraint` and `text`; `drop` gets the place of one.
 */
export function showFilters(held, drop) {
  const chips = held.map((one, place) => chip(one, () => drop(one, place)));
  byId("held").replaceChildren(...chips);
  byId("held-none").hidden = held.length > 0;
  const count = byId("filters-count");
  count.textContent = held.length;
  count.hidden = held.length === 0;
  for (const [kind, input] of Object.entries(LIMITS)) {
    const limit = held.find((one) => one.constraint.kind === kind);
    input.value = limit?.constraint.amount ?? "";
  }
}

function chip(one, click) {
  const cross = make("span", { "aria-hidden": "true" }, "✕");
  const label = `Drop: ${one.text}`;
  return make(
    "li",
    {},
    make("button", { type: "button", class: "chip", "aria-label": label, click }, one.text, cross),
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
  if (low === undefined || high === undefined) return "Write a price such as 39.90.";
  if (low && high && Number(low) > Number(high)) return "“From” is above “To”.";
  return "";
}
