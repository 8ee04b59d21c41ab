// The page's own words, in the reader's language: which that is, and its texts, filled in.

import { kept } from "./kept.js";

/** The languages that there are, by the API's names for them, as their readers call them. */
export const LANGUAGES = {
  en: { tag: "en", name: "English", short: "EN" },
  de: { tag: "de", name: "Deutsch", short: "DE" },
  zh: { tag: "zh-Hans", name: "中文", short: "中文" },
};

const base = (tag) => tag.toLowerCase().split("-")[0];
// A system without a language of its own makes "en-US@posix" of it, which Intl does not take.
const wished = navigator.languages.map((one) => one.split("@")[0]);

/** What the page speaks: what was picked, else the first of the browser's languages that it knows. */
export const language =
  [kept("language") ?? "", ...wished].map(base).find((one) => Object.hasOwn(LANGUAGES, one)) ?? "en";

/** Whose manner numbers, dates and prices follow: of the reader's own region, if the browser tells. */
export const locale = wished.find((one) => base(one) === language) ?? LANGUAGES[language].tag;

// Only this one language is loaded; whoever imports this module runs when its texts are there.
const { default: texts } = await import(`./words.${language}.js`);
const plural = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/**
 * The text under a key, its {places} filled with `values`; numbers are written in the reader's
 * manner. Where it has plural forms, the number `n` picks one.
 */
export function word(key, values = {}) {
  const found = texts[key];
  const text = typeof found === "string" ? found : found[plural.select(values.n)];
  return text.replace(/\{(\w+)\}/g, (_, place) => shown(values[place]));
}

const shown = (value) => (typeof value === "number" ? numbers.format(value) : value);

/** Put the words into the HTML, which has them in English: `data-word` names the text's key. */
export function putWords() {
  document.documentElement.lang = LANGUAGES[language].tag;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const name of ["aria-label", "placeholder", "content"]) {
    for (const element of document.querySelectorAll(`[data-word-${name}]`))
      element.setAttribute(name, word(element.getAttribute(`data-word-${name}`)));
  }
}
