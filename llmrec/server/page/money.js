// Prices as people read them, and as people type them.

import { locale } from "./words.js";

const mark = new Intl.NumberFormat(locale).formatToParts(0.5).find((part) => part.type === "decimal").value;

/** "24.90" and "EUR" -> "€24.90", in the manner of the reader's own region. */
export function priceText(price, currency) {
  if (price === undefined || price === null) return "";
  try {
    // Without a currency nobody knows how many digits it has: as many as the price is written with.
    const written = `${price}`.split(".")[1]?.length ?? 0;
    const style = currency ? { style: "currency", currency } : { minimumFractionDigits: written };
    return new Intl.NumberFormat(locale, style).format(Number(price));
  } catch {
    return `${price} ${currency}`;
  }
}

/** What was typed as a decimal: "39,90" -> "39.90"; null if it is empty; undefined if it is none. */
export function typedPrice(text) {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? plain : undefined;
}

/** A decimal as it would be typed here: "39.90" -> "39,90" for German readers. */
export const asTyped = (decimal) => decimal.replace(".", mark);
