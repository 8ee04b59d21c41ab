// Prices as people read them, and as people type them.

/** "24.90" and "EUR" -> "€24.90", in the manner of the reader's own language. */
export function priceText(price, currency) {
  if (price === undefined || price === null) return "";
  try {
    const style = currency ? { style: "currency", currency } : {};
    return new Intl.NumberFormat(undefined, style).format(Number(price));
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
