// Elements made from data. Every text goes in as text, never as markup, whoever wrote it.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/**
 * A new element. `attributes`: "class", "aria-…" and the like; a function listens to the event of
 * that name, `true` sets the bare attribute, `false`, null and undefined set nothing.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A web address that may be opened or shown; null for any other scheme, such as javascript:. */
export function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** `text` in pieces, with every part that stands in `names` marked. */
export function marked(text, names) {
  const found = names.flatMap((name) => places(text, name)).sort(([one], [other]) => one - other);
  const pieces = [];
  let end = 0;
  for (const [start, length] of found) {
    if (start < end) continue;
    pieces.push(text.slice(end, start), make("mark", {}, text.slice(start, start + length)));
    end = start + length;
  }
  return [...pieces, text.slice(end)];
}

function places(text, name) {
  const [all, part, found] = [text.toLowerCase(), name.toLowerCase(), []];
  if (part.length < 2) return found;
  for (let at = all.indexOf(part); at >= 0; at = all.indexOf(part, at + part.length)) {
    found.push([at, part.length]);
  }
  return found;
}
