// The server's API: every call sends the key, and asks for one where the server wants it.

import { eventsOf } from "./stream.js";
import { keep, kept } from "./kept.js";
import { askForKey } from "./door.js";

/** What the server answered instead of doing it; `message` and `hint` are for people. */
export class Refused extends Error {
  constructor(status, told) {
    super(told.message ?? `The server answered ${status}.`);
    this.status = status;
    this.field = told.field ?? "";
    this.hint = told.hint ?? "";
  }
}

/** An error in words for the shopper. */
export function told(error) {
  if (error instanceof Refused) return [error.message, error.hint].filter(Boolean).join(" ");
  return "The shop cannot be reached. Check the connection, then try again.";
}

/** Who the key speaks for: `scope`, and `user` where it is one shopper's. */
export const whoAmI = () => json("GET", "/v1/me");

export const profile = async (user) => (await json("GET", `/v1/users/${name(user)}/profile`)).lines;
export const changeProfile = async (user, change) =>
  (await json("POST", `/v1/users/${name(user)}/profile`, change)).lines;
export const forget = (user) => json("DELETE", `/v1/users/${name(user)}`);
export const session = (id, user) => json("GET", `/v1/sessions/${id}${user ? `?user=${name(user)}` : ""}`);
export const sessions = async (user) => (await json("GET", `/v1/sessions?user=${name(user)}`)).sessions;
export const deleteSession = (id, user) =>
  json("DELETE", `/v1/sessions/${id}${user ? `?user=${name(user)}` : ""}`);
export const items = (query) => json("GET", `/v1/items?${new URLSearchParams(query)}`);
export const changeItem = (id, fields) => json("PATCH", `/v1/items/${name(id)}`, fields);
export const addItem = (id, fields) => json("POST", "/v1/items", { items: [{ id, ...fields }] });
export const removeItem = (id) => json("DELETE", `/v1/items/${name(id)}`);
export const experiment = () => json("GET", "/v1/experiment");
export const numbers = () => json("GET", "/v1/numbers");
export const activity = () => json("GET", "/v1/activity");
export const item = (id) => json("GET", `/v1/items/${name(id)}`);

/** Whether the catalogue has an item of this id. */
export async function hasItem(id) {
  try {
    await item(id);
    return true;
  } catch (error) {
    if (error.status === 404) return false;
    throw error;
  }
}

/** The events of a reply, as they come. */
export async function* chat(body, signal) {
  yield* eventsOf(await call("POST", "/v1/chat", body, signal));
}

const name = encodeURIComponent;

async function json(method, path, body) {
  const response = await call(method, path, body);
  return response.status === 204 ? null : response.json();
}

async function call(method, path, body, signal) {
  for (;;) {
    const sent = { method, headers: headers(body), body: body && JSON.stringify(body), signal };
    const response = await fetch(path, sent);
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    const refused = new Refused(response.status, answer.error ?? {});
    if (response.status !== 401) throw refused;
    const wrong = kept("key") ? refused.message : "";
    keep("key", null);
    keep("key", await askForKey(wrong));
  }
}

function headers(body) {
  const key = kept("key");
  return {
    ...(key ? { Authorization: `Bearer ${key}` } : {}),
    ...(body ? { "Content-Type": "application/json" } : {}),
  };
}
