// Numbers of the shop: requests as they are now, and what shoppers did by day, as bars.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { dayText, millisecondsText, numberText } from "./formats.js";
import { word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = [
  ["view", word("event.view")],
  ["cart", word("event.cart")],
  ["purchase", word("event.purchase")],
  ["like", word("event.like")],
  ["dislike", word("event.dislike")],
  ["rating", word("event.rating")],
];

/** Draw what the server has counted since it started. */
export async function showNow() {
  const found = await api.numbers();
  const routes = found.routes.filter((one) => one.route.startsWith("/v1/")); // not the pages' own files
  const sum = (field) => routes.reduce((total, one) => total + one[field], 0);
  byId("now").replaceChildren(
    tiles([
      [word("now.requests"), sum("requests")],
      [word("now.failed"), sum("failed")],
      [word("now.rejected"), found.rejected],
      [word("now.degraded"), found.degraded],
      [word("now.running"), found.running],
      [word("now.waiting"), found.waiting],
    ]),
    make("p", { class: "hint" }, rankedBy(found)),
  );
  byId("routes").replaceChildren(...routes.map((one) =>
    row([
      one.route, numberText(one.requests), numberText(one.failed),
      milliseconds(one.p50_ms), milliseconds(one.p95_ms),
    ])));
}

function rankedBy(found) {
  if (!found.model) return word("now.unranked");
  return found.adapter ? word("now.adapted", found) : word("now.ranked", found);
}

/** Draw what shoppers did in the last days; whether an experiment runs. */
export async function showDays() {
  const { days, conversations, items, shoppers, experiment } = await api.activity();
  byId("days").replaceChildren(
    tiles([
      [word("days.items"), items], [word("days.shoppers"), shoppers], [word("days.conversations"), conversations],
    ]),
    make("div", { class: "charts" }, KINDS.map(([kind, title]) => chart(title, days, kind))),
  );
  return experiment !== null;
}

const tiles = (values) =>
  make("dl", { class: "tiles" }, values.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, numberText(value)))));

const row = ([name, ...values]) =>
  make("tr", {}, make("th", { scope: "row" }, name), values.map((one) => make("td", { class: "number" }, one)));

const milliseconds = (value) => (value === null ? "–" : millisecondsText(value));

/** One kind of event as bars, one for each day, said in words for whoever does not see them. */
function chart(title, days, kind) {
  const counts = days.map((one) => one.events[kind] ?? 0);
  const [most, sum] = [Math.max(1, ...counts), counts.reduce((one, other) => one + other, 0)];
  const bars = counts.map((count, place) => {
    const height = Math.max(count ? 2 : 0.5, (38 * count) / most);
    const bar = drawn("rect", { x: place * 10, y: 40 - height, width: 8, height });
    bar.append(named(word("days.bar", { day: dayText(days[place].day), count })));
    return bar;
  });
  const [from, to] = [days[0], days.at(-1)].map((one) => dayText(one.day));
  const told = word("days.told", { title, sum, from, to, most: Math.max(...counts) });
  const picture = drawn("svg", { viewBox: `0 0 ${days.length * 10 - 2} 40`, role: "img", "aria-label": told });
  picture.append(...bars);
  return make("figure", {}, make("figcaption", {}, `${title} `, make("b", {}, numberText(sum))), picture);
}

function drawn(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function named(text) {
  const title = drawn("title", {});
  title.textContent = text;
  return title;
}
