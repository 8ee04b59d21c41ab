// Numbers of the shop: requests as they are now, and what shoppers did by day, as bars.

import * as api from "./api.js";
import { byId, make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = [
  ["view", "Views"],
  ["cart", "Carts"],
  ["purchase", "Purchases"],
  ["like", "Likes"],
  ["dislike", "Dislikes"],
  ["rating", "Ratings"],
];

/** Draw what the server has counted since it started. */
export async function showNow() {
  const found = await api.numbers();
  const routes = found.routes.filter((one) => one.route.startsWith("/v1/")); // not the pages' own files
  const sum = (field) => routes.reduce((total, one) => total + one[field], 0);
  byId("now").replaceChildren(
    tiles([
      ["Requests", sum("requests")],
      ["Failed", sum("failed")],
      ["Turned away", found.rejected],
      ["Without the model", found.degraded],
      ["Running", found.running],
      ["Waiting", found.waiting],
    ]),
    make("p", { class: "hint" }, found.model
      ? `Ranked by ${found.model}, ${found.adapter ? `adapter ${found.adapter}` : "no adapter"}. Since the server started.`
      : "Nothing has been ranked since the server started."),
  );
  byId("routes").replaceChildren(...routes.map((one) =>
    row([one.route, one.requests, one.failed, milliseconds(one.p50_ms), milliseconds(one.p95_ms)])));
}

/** Draw what shoppers did in the last days; whether an experiment runs. */
export async function showDays() {
  const { days, conversations, items, shoppers, experiment } = await api.activity();
  byId("days").replaceChildren(
    tiles([["Products", items], ["Shoppers", shoppers], ["Conversations", conversations]]),
    make("div", { class: "charts" }, KINDS.map(([kind, title]) => chart(title, days, kind))),
  );
  return experiment !== null;
}

const tiles = (values) =>
  make("dl", { class: "tiles" }, values.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value.toLocaleString("en")))));

const row = ([name, ...values]) =>
  make("tr", {}, make("th", { scope: "row" }, name), values.map((one) => make("td", { class: "number" }, `${one}`)));

const milliseconds = (value) => (value === null ? "–" : `${value.toLocaleString("en")} ms`);

/** One kind of event as bars, one for each day, said in words for whoever does not see them. */
function chart(title, days, kind) {
  const counts = days.map((one) => one.events[kind] ?? 0);
  const [most, sum] = [Math.max(1, ...counts), counts.reduce((one, other) => one + other, 0)];
  const bars = counts.map((count, place) => {
    const height = Math.max(count ? 2 : 0.5, (38 * count) / most);
    const bar = drawn("rect", { x: place * 10, y: 40 - height, width: 8, height });
    bar.append(named(`${days[place].day}: ${count}`));
    return bar;
  });
  const told = `${title}: ${sum} from ${days[0].day} to ${days.at(-1).day}, at most ${Math.max(...counts)} a day`;
  const picture = drawn("svg", { viewBox: `0 0 ${days.length * 10 - 2} 40`, role: "img", "aria-label": told });
  picture.append(...bars);
  return make("figure", {}, make("figcaption", {}, `${title} `, make("b", {}, sum.toLocaleString("en"))), picture);
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
