// The profile page: what is known of the shopper, line by line, and how to take it back.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { forgetPart } from "./forget.js";
import { keep, kept } from "./kept.js";
import { say } from "./spoken.js";

/**
 * Show what the server knows now.
 * `caller`: who the key speaks for. `renewed` starts a new chat.
 */
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
    make("p", {}, "You are a stranger here: no profile is made of you, and what you like is not logged."),
    make("p", { class: "hint" }, "It counts in this conversation, which the shop keeps without a name."),
  ];
}

async function known(user, again, renewed) {
  const lines = await api.profile(user);
  return [
    make("p", {}, `Kept for ${user}, made by counting what was viewed, liked, rated and bought.`),
    lines.length
      ? make("ul", { class: "lines" }, lines.map((line) => lineOf(user, line, again)))
      : make("p", { class: "hint" }, "Nothing is known yet. Like something, and it counts here."),
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
    make(
      "button",
      { type: "button", class: "quiet", "aria-label": `Remove: ${line.text}`, click: remove },
      "Remove",
    ),
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

/** Where a key speaks for nobody in particular, whoever sits here may say who they are. */
function whoForm(user, again, renewed) {
  const value = user ?? "";
  const input = make("input", { id: "who", autocomplete: "off", maxlength: "256", value });
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
    make(
      "p",
      { class: "hint" },
      "Nobody has said who you are: name a shopper by the id in the event log, or stay a stranger.",
    ),
    make(
      "form",
      { class: "row", submit },
      make("label", { for: "who" }, "Shopper's id", input),
      make("button", { type: "submit", class: "quiet" }, "Be this shopper"),
    ),
  );
}
