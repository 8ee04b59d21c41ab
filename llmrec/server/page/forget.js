// Forgetting: everything that the shop keeps of a shopper, after asking once more.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { say } from "./spoken.js";

/**
 * The button, and what it does.
 * `again` shows the profile anew, `renewed` starts a new chat.
 */
export function forgetPart(user, again, renewed) {
  const click = () => sure(user, again, renewed);
  return make(
    "section",
    { "aria-labelledby": "forget-title" },
    make("h2", { id: "forget-title" }, "Forget me"),
    make("p", {}, "Deletes your events, conversations and profile from the shop, for good."),
    make("p", { class: "row" }, make("button", { type: "button", class: "danger", click }, "Forget me")),
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
