// One product in a dialog: to change, to add, or to remove after asking once more.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { typedPrice } from "./money.js";

const FIELDS = [
  ["title", "Title", {}],
  ["price", "Price", { inputmode: "decimal" }],
  ["currency", "Currency", { maxlength: "3", placeholder: "EUR" }],
  ["stock", "Stock, empty if the shop does not say", { inputmode: "numeric" }],
];

/** Ask for the fields of `item`, or of a new one where it is null; `done` gets the id. */
export function askForProduct(item, done) {
  const inputs = new Map(FIELDS.map(([name, , more]) =>
    [name, make("input", { id: `product-${name}`, autocomplete: "off", ...more })]));
  for (const [name, input] of inputs) input.value = item?.[name] ?? "";
  const id = item ? null : make("input", { id: "product-id", maxlength: "256", autocomplete: "off", required: true });
  const save = async () => {
    const fields = fieldsOf(inputs, item);
    if (item) await api.changeItem(item.id, fields);
    else await api.addItem(id.value.trim(), fields);
    await done(item?.id ?? id.value.trim());
  };
  ask(item ? `Change ${item.id}` : "Add a product", save, item ? "Save" : "Add", [
    ...(id ? [labelled("Id", id)] : []),
    ...FIELDS.map(([name, label]) => labelled(label, inputs.get(name))),
  ]);
}

const wrongly = (field, message, hint) => new api.Refused(422, { field, message, hint });

/** Ask once more, then remove it from the catalogue; its events stay. */
export function sureToRemove(item, done) {
  const remove = async () => {
    await api.removeItem(item.id);
    await done(item.id);
  };
  ask(`Remove “${item.title}”?`, remove, "Remove", [
    make("p", {}, "It is recommended to nobody any more. What shoppers did with it stays in the log."),
  ], "danger");
}

/** Only what was changed is sent, so that what another has changed meanwhile stays. */
function fieldsOf(inputs, item) {
  const fields = {};
  for (const [name, input] of inputs) {
    const value = input.value.trim();
    if (item && value === `${item[name] ?? ""}`) continue;
    if (!value && !item) continue;
    fields[name] = value === "" ? null : name === "price" ? priceOf(value) : value;
  }
  if (item && fields.title === null) throw wrongly("title", "A product needs one.", "Type it again.");
  // What is no number goes as it is: the server says what is wrong with it.
  if (/^\d+$/.test(fields.stock ?? "")) fields.stock = Number(fields.stock);
  if (fields.currency) fields.currency = fields.currency.toUpperCase();
  return fields;
}

/** "1,299" is a thousand to one reader and a bit more than one to another: it is not guessed. */
function priceOf(text) {
  const price = typedPrice(text);
  if (price === undefined) throw wrongly("price", "It cannot be read.", "Write it as 1299 or 1299.00.");
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
      wrong.textContent = [error.field, api.told(error)].filter(Boolean).join(": ");
    }
  };
  const dialog = make("dialog", { "aria-labelledby": "product-title-head", close: () => dialog.remove() },
    make("form", { submit, novalidate: true },
      make("h2", { id: "product-title-head" }, title),
      ...parts,
      wrong,
      make("div", { class: "row" },
        make("button", { type: "button", class: "quiet", click: () => dialog.close() }, "Cancel"),
        make("button", { type: "submit", class: kind }, verb))));
  document.body.append(dialog);
  dialog.showModal();
}
