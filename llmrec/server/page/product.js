// One product in a dialog: to change, to add, or to remove after asking once more.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { asTyped, typedPrice } from "./money.js";
import { Refused, tell } from "./trouble.js";
import { word } from "./words.js";

const FIELDS = [
  ["title", word("field.title"), {}],
  ["price", word("field.price"), { inputmode: "decimal" }],
  ["currency", word("field.currency"), { maxlength: "3", placeholder: "EUR" }],
  ["stock", word("field.stock"), { inputmode: "numeric" }],
];
const NAMES = new Map([["id", word("field.id")], ...FIELDS]);

/** Ask for the fields of `item`, or of a new one where it is null; `done` gets the id. */
export function askForProduct(item, done) {
  const inputs = new Map(FIELDS.map(([name, , more]) =>
    [name, make("input", { id: `product-${name}`, autocomplete: "off", ...more })]));
  for (const [name, input] of inputs) input.value = valueOf(item, name);
  const id = item ? null : make("input", { id: "product-id", maxlength: "256", autocomplete: "off", required: true });
  const save = async () => {
    const fields = fieldsOf(inputs, item);
    if (item) await api.changeItem(item.id, fields);
    else await api.addItem(id.value.trim(), fields);
    await done(item?.id ?? id.value.trim());
  };
  const title = item ? word("product.change", item) : word("product.new");
  ask(title, save, item ? word("product.save") : word("product.add"), [
    ...(id ? [labelled(word("field.id"), id)] : []),
    ...FIELDS.map(([name, label]) => labelled(name === "stock" ? word("product.stock") : label, inputs.get(name))),
  ]);
}

/** What stands in a field before anybody types. */
function valueOf(item, name) {
  const value = `${item?.[name] ?? ""}`;
  return name === "price" ? asTyped(value) : value;
}

const wrongly = (field, message) => new Refused({ field, message });

/** Ask once more, then remove it from the catalogue; its events stay. */
export function sureToRemove(item, done) {
  const remove = async () => {
    await api.removeItem(item.id);
    await done(item.id);
  };
  ask(word("product.sure", item), remove, word("product.remove"), [
    make("p", {}, word("product.gone")),
  ], "danger");
}

/** Only what was changed is sent, so that what another has changed meanwhile stays. */
function fieldsOf(inputs, item) {
  const fields = {};
  for (const [name, input] of inputs) {
    const value = input.value.trim();
    if (item && value === valueOf(item, name)) continue;
    if (!value && !item) continue;
    fields[name] = value === "" ? null : name === "price" ? priceOf(value) : value;
  }
  if (item && fields.title === null) throw wrongly("title", word("product.untitled"));
  // What is no number goes as it is: the server says what is wrong with it.
  if (/^\d+$/.test(fields.stock ?? "")) fields.stock = Number(fields.stock);
  if (fields.currency) fields.currency = fields.currency.toUpperCase();
  return fields;
}

/** "1,299" is a thousand to one reader and a bit more than one to another: it is not guessed. */
function priceOf(text) {
  const price = typedPrice(text);
  if (price === undefined) throw wrongly("price", word("product.unread"));
  return price;
}

const labelled = (text, input) => make("label", { for: input.id }, text, input);

function ask(title, act, verb, parts, kind = null) {
  const opener = document.activeElement;
  const wrong = make("p", { class: "wrong", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await act();
      dialog.close();
      // The button that opened it has gone with its row.
      if (!opener.isConnected) byId("items-title").focus();
    } catch (error) {
      tell(wrong, error);
      if (error.field) wrong.prepend(`${NAMES.get(error.field) ?? error.field}: `);
    }
  };
  const dialog = make("dialog", { "aria-labelledby": "product-title-head", close: () => dialog.remove() },
    make("form", { submit, novalidate: true },
      make("h2", { id: "product-title-head" }, title),
      ...parts,
      wrong,
      make("div", { class: "row" },
        make("button", { type: "button", class: "quiet", click: () => dialog.close() }, word("product.cancel")),
        make("button", { type: "submit", class: kind }, verb))));
  document.body.append(dialog);
  dialog.showModal();
}
