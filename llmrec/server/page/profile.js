// The profile page: what is known of the shopper, line by line, and how to take it back.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { forgetPart } from "./forget.js";
import { keep, kept } from "./kept.js";
import { say } from "./spoken.js";
import { alertOf } from "./trouble.js";
import { word } from "./words.js";

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
    body.replaceChildren(alertOf(error));
  }
}

/** Whether a change was made; if not, the page says why. */
async function tried(change) {
  try {
    await change();
    return true;
  } catch (error) {
    byId("profile-body").prepend(alertOf(error));
    return false;
  }
}

function stranger() {
  return [
    make("p", {}, word("profile.stranger")),
    make("p", { class: "hint" }, word("profile.unnamed")),
  ];
}

async function known(user, again, renewed) {
  const lines = await api.profile(user);
  return [
    make("p", {}, word("profile.kept", { user })),
    lines.length
      ? make("ul", { class: "lines" }, lines.map((line) => lineOf(user, line, again)))
      : make("p", { class: "hint" }, word("profile.empty")),
    pinForm(user, again),
    forgetPart(user, again, renewed),
  ];
}

function lineOf(user, line, again) {
  const remove = async () => {
    if (!(await tried(() => api.changeProfile(user, { remove: line.key })))) return;
    say(word("profile.removed", line));
    await again();
    byId("profile-title").focus();
  };
  return make(
    "li",
    {},
    make("span", {}, line.pinned ? word("profile.own", line) : line.text),
    make(
      "button",
      { type: "button", class: "quiet", "aria-label": word("profile.remove-of", line), click: remove },
      word("profile.remove"),
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
    make("label", { for: "pin" }, word("profile.pin"), input),
    make("button", { type: "submit", class: "quiet" }, word("profile.add")),
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
    make("h2", { id: "who-title" }, word("who.title")),
    make(
      "p",
      { class: "hint" },
      word("who.text"),
    ),
    make(
      "form",
      { class: "row", submit },
      make("label", { for: "who" }, word("who.id"), input),
      make("button", { type: "submit", class: "quiet" }, word("who.set")),
    ),
  );
}
