// Forgetting: everything that the shop keeps of a shopper, after asking once more.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { say } from "./spoken.js";
import { tell } from "./trouble.js";
import { word } from "./words.js";

/**
 * The button, and what it does.
 * `again` shows the profile anew, `renewed` starts a new chat.
 */
export function forgetPart(user, again, renewed) {
  const click = () => sure(user, again, renewed);
  return make(
    "section",
    { "aria-labelledby": "forget-title" },
    make("h2", { id: "forget-title" }, word("forget.title")),
    make("p", {}, word("forget.text")),
    make("p", { class: "row" }, make("button", { type: "button", class: "danger", click }, word("forget.title"))),
  );
}

/** Ask once more, then delete. */
function sure(user, again, renewed) {
  const wrong = make("p", { class: "wrong", role: "alert" });
  const forget = async () => {
    try {
      await api.forget(user);
    } catch (error) {
      tell(wrong, error);
      return;
    }
    dialog.close();
    renewed();
    say(word("forget.done"));
    await again();
    byId("profile-title").focus();
  };
  const dialog = make(
    "dialog",
    { "aria-labelledby": "sure-title", close: () => dialog.remove() },
    make("h2", { id: "sure-title" }, word("forget.sure")),
    make("p", {}, word("forget.final")),
    wrong,
    make(
      "div",
      { class: "row" },
      make("button", { type: "button", class: "quiet", click: () => dialog.close() }, word("forget.keep")),
      make("button", { type: "button", class: "danger", click: forget }, word("forget.all")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
