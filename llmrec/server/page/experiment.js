// The A/B of two rankers: what each arm has brought, and what that says.

import * as api from "./api.js";
import { byId, make } from "./dom.js";

const NAMES = { like: "Like", cart: "Cart", purchase: "Purchase" };

/** Draw what both arms have brought so far. */
export async function showExperiment() {
  const found = await api.experiment();
  byId("experiment").hidden = false;
  const outcomes = found.tests.map((one) => one.outcome);
  const heads = ["Arm", "Shoppers", "Lists", ...outcomes.map((one) => NAMES[one] ?? one)];
  byId("experiment-title").textContent = `Experiment: ${found.name}`;
  byId("arms").replaceChildren(
    make("p", {}, found.sentence),
    make("div", { class: "wide", role: "region", "aria-label": "Arms of the experiment", tabindex: "0" },
      make("table", {},
        make("thead", {}, make("tr", {}, heads.map((one) => make("th", { scope: "col" }, one)))),
        make("tbody", {}, found.arms.map((arm) => lineOf(arm, outcomes))))),
    make("p", { class: "hint" },
      `Share of shoppers with the outcome on an item they were shown, within ${found.days} days, with 95 % intervals.`),
  );
}

const lineOf = (arm, outcomes) =>
  make("tr", {},
    make("th", { scope: "row" }, arm.arm, make("span", { class: "hint" }, arm.what)),
    [arm.shoppers, arm.lists].map((one) => make("td", { class: "number" }, one.toLocaleString("en"))),
    outcomes.map((one) => make("td", { class: "number" }, shareOf(arm.outcomes[one]))));

function shareOf({ count, share, low, high }) {
  if (share === null) return "–";
  const percent = (value) => (100 * value).toFixed(1);
  return `${percent(share)} % [${percent(low)}, ${percent(high)}] (${count.toLocaleString("en")})`;
}
