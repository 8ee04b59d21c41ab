// The A/B of two rankers: what each arm has brought, and what that says.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { numberText, percentText } from "./formats.js";
import { word } from "./words.js";

const NAMES = {
  like: word("outcome.like"), cart: word("outcome.cart"), purchase: word("outcome.purchase"),
};

/** Draw what both arms have brought so far. */
export async function showExperiment() {
  const found = await api.experiment();
  byId("experiment").hidden = false;
  const outcomes = found.tests.map((one) => one.outcome);
  const heads = [
    word("arms.arm"), word("arms.shoppers"), word("arms.lists"), ...outcomes.map((one) => NAMES[one] ?? one),
  ];
  byId("experiment-title").textContent = word("arms.named", found);
  byId("arms").replaceChildren(
    make("p", { lang: "en" }, found.sentence),
    make("div", { class: "wide", role: "region", "aria-label": word("arms.label"), tabindex: "0" },
      make("table", {},
        make("thead", {}, make("tr", {}, heads.map((one) => make("th", { scope: "col" }, one)))),
        make("tbody", {}, found.arms.map((arm) => lineOf(arm, outcomes))))),
    make("p", { class: "hint" }, word("arms.hint", { n: found.days })),
  );
}

const lineOf = (arm, outcomes) =>
  make("tr", {},
    make("th", { scope: "row" }, arm.arm, make("span", { class: "hint" }, arm.what)),
    [arm.shoppers, arm.lists].map((one) => make("td", { class: "number" }, numberText(one))),
    outcomes.map((one) => make("td", { class: "number" }, shareOf(arm.outcomes[one]))));

function shareOf({ count, share, low, high }) {
  if (share === null) return "–";
  return word("arms.share", {
    share: percentText(share), low: percentText(low), high: percentText(high), count,
  });
}
