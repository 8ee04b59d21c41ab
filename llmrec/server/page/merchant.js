// The desk of whoever runs the shop: what happens now, what happened lately, and the products.

import { byId } from "./dom.js";
import { keep } from "./kept.js";
import { showExperiment } from "./experiment.js";
import { showDays, showNow } from "./figures.js";
import { showProducts, watchProducts } from "./products.js";
import { addSwitch } from "./switch.js";
import { Refused, tell } from "./trouble.js";
import { putWords, word } from "./words.js";

const NOW_MS = 5_000;
const DAYS_MS = 60_000;

/** Do it now and again and again, while anybody looks; what fails is said, and tried again. */
function keepFresh(show, pause) {
  const once = async () => {
    if (!document.hidden) await tried(show);
    setTimeout(once, pause);
  };
  return once();
}

let failing = null; // only what has failed takes its words back, when it works again

async function tried(show) {
  try {
    await show();
    if (failing === show) byId("refused").hidden = true;
  } catch (error) {
    failing = show;
    const closed = error.status === 403;
    tell(byId("refused"), closed ? new Refused({ message: word("desk.closed") }) : error);
    byId("refused").hidden = false;
    byId("other-key").hidden = !closed;
  }
}

byId("other-key").addEventListener("click", () => {
  keep("key", null);
  location.reload();
});
putWords();
addSwitch();
watchProducts(tried);
await keepFresh(showNow, NOW_MS);
await keepFresh(async () => (await showDays()) && showExperiment(), DAYS_MS);
await tried(showProducts);
