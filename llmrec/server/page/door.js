// The door: asks for the key, once, where the server wants one.

import { byId } from "./dom.js";

let asking = null;

/** The key that is typed in; `wrong` says what was the matter with the last one. */
export function askForKey(wrong) {
  // Several calls may find the door shut at the same time: they wait for the same key.
  asking ??= new Promise((resolve) => {
    const [door, field] = [byId("door"), byId("key")];
    byId("door-wrong").textContent = wrong;
    const submit = (event) => {
      event.preventDefault();
      const key = field.value.trim();
      if (!key) return;
      field.value = "";
      byId("door-form").removeEventListener("submit", submit);
      door.close();
      asking = null;
      resolve(key);
    };
    byId("door-form").addEventListener("submit", submit);
    // There is nothing to see without a key, so that Escape must not close the door.
    door.addEventListener("cancel", (event) => event.preventDefault());
    door.showModal();
  });
  return asking;
}
