// The profile page: what is known of the shopper, line by line, and how to take it back.

import { byId, make } from "./dom.js";
import * as api from "./api.js";
import { keep, kept } from "./kept.js";
import { say } from "./spoken.js";

/** Show what the server knows now. `caller` is who the key speaks for, `renewed` starts a new chat. */
export async function showProfile(caller, renewed) {
  const body = byId("profile-body");
  const user = caller.user ?? kept("user");
  const again = () => showProfile(caller, renewed);
  try {
    const parts = user ? await known(user, again, renewed) : stranger();
    body.replaceChildren(...parts, ...(caller.user ? [] : [whoForm(user, again, renewed)]));
  } catch (error) {
    body.replaceChildren(make("p", { class: "wrong", role: "alert" }, api.told(error)));
  }
}

/** Whether a change was made; if not, the page says why. */
async function tried(change) {
  try {
    await change();
    return true;
  } catch (error) {
    byId("profile-body").prepend(make("p", { class: "wrong", role: "alert" }, api.told(error)));
    return false;
  }
}

function stranger() {
  return [
    make("p", {}, "You are a stranger here: nothing about you is stored with the shop."),
    make("p", { class: "hint" }, "What you like counts for as long as this conversation lasts."),
  ];
}

async function known(user, again, renewed) {
  const lines = await api.profile(user);
  return [
    make("p", {}, `Kept for ${user}, made by counting what was viewed, liked, rated and bought.`),
    lines.length
      ? make("ul", { class: "lines" }, lines.map((line) => lineOf(user, line, again)))
      : make("p", { class: "hint" }, "Nothing is known yet. Like or buy something, and it stands here."),
    pinForm(user, again),
    forgetPart(user, again, renewed),
  ];
}

function lineOf(user, line, again) {
  const remove = async () => {
    if (!(await tried(() => api.changeProfile(user, { remove: line.key })))) return;
    say(`Removed: ${line.text}`);
    await again();
    byId("profile-title").focus();
  };
  return make(
    "li",
    {},
    make("span", {}, line.pinned ? `${line.text} (yours)` : line.text),
    make("button", { type: "button", class: "quiet", "aria-label": `Remove: ${line.text}`, click: remove }, "Remove"),
  );
}

function pinForm(user, again) {
  const input = make("input", { id: "pin", maxlength: "200", autocomplete: "off" });
  const submit = async (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    if (!(await tried(() => api.changeProfile(user, { pin: input.value.trim() })))) return;
    await again();
    byId("pin").focus();
  };
  return make(
    "form",
    { class: "row", submit },
    make("label", { for: "pin" }, "Say something about yourself", input),
    make("button", { type: "submit", class: "quiet" }, "Add"),
  );
}

function forgetPart(user, again, renewed) {
  return make(
    "section",
    { "aria-labelledby": "forget-title" },
    make("h2", { id: "forget-title" }, "Forget me"),
    make("p", {}, "Deletes your events, conversations and profile from the shop, for good."),
    make("p", { class: "row" }, make("button", { type: "button", class: "danger", click: () => sure(user, again, renewed) }, "Forget me")),
  );
}

/** Ask once more, then delete. */
function sure(user, again, renewed) {
  const wrong = make("p", { class: "wrong", role: "alert" });
  const forget = async () => {
    try {
      await api.forget(user);
    } catch (error) {
      wrong.textContent = api.told(error);
      return;
    }
    dialog.close();
    renewed();
    say("Everything about you is deleted.");
    await again();
    byId("profile-title").focus();
  };
  const dialog = make(
    "dialog",
    { "aria-labelledby": "sure-title", close: () => dialog.remove() },
    make("h2", { id: "sure-title" }, "Delete everything about you?"),
    make("p", {}, "This cannot be taken back."),
    wrong,
    make(
      "div",
      { class: "row" },
      make("button", { type: "button", class: "quiet", click: () => dialog.close() }, "Keep it"),
      make("button", { type: "button", class: "danger", click: forget }, "Delete everything"),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

/** Where a key speaks for nobody in particular, whoever sits here may say who they are. */
function whoForm(user, again, renewed) {
  const input = make("input", { id: "who", autocomplete: "off", maxlength: "256", value: user ?? "" });
  const submit = async (event) => {
    event.preventDefault();
    keep("user", input.value.trim());
    renewed();
    await again();
    byId("profile-title").focus();
  };
  return make(
    "section",
    { "aria-labelledby": "who-title" },
    make("h2", { id: "who-title" }, "Try the shop as somebody"),
    make("p", { class: "hint" }, "This key speaks for every shopper. Name one by the id in the event log, or nobody."),
    make(
      "form",
      { class: "row", submit },
      make("label", { for: "who" }, "Shopper's id", input),
      make("button", { type: "submit", class: "quiet" }, "Be this shopper"),
    ),
  );
}
