// The server's API: every call sends the key, and asks for one where the server wants it.

import { askForKey } from "./door.js";
import { keep, kept } from "./kept.js";
import { eventsOf } from "./stream.js";
import { refusedBy } from "./trouble.js";
import { language } from "./words.js";

/** Who the key speaks for: `scope`, and `user` where it is one shopper's. */
export const whoAmI = () => json("GET", "/v1/me");

export const profile = async (user) => (await json("GET", profileOf(user))).lines;
export const changeProfile = async (user, change) => (await json("POST", profileOf(user), change)).lines;
export const forget = (user) => json("DELETE", `/v1/users/${name(user)}`);
export const session = (id, user) => json("GET", `/v1/sessions/${id}${user ? `?user=${name(user)}` : ""}`);
export const sessions = async (user) => (await json("GET", `/v1/sessions?user=${name(user)}`)).sessions;
export const deleteSession = (id, user) =>
  json("DELETE", `/v1/sessions/${id}${user ? `?user=${name(user)}` : ""}`);
export const items = (query) => json("GET", `/v1/items?${new URLSearchParams(query)}`);
export const changeItem = (id, fields) => json("PATCH", `/v1/items/${name(id)}`, fields);
/** Add a new item; one of the same id stays as it is, and the call is refused with 412. */
export const addItem = (id, fields) => json("PUT", `/v1/items/${name(id)}`, fields, { "If-None-Match": "*" });
export const removeItem = (id) => json("DELETE", `/v1/items/${name(id)}`);
export const experiment = () => json("GET", "/v1/experiment");
export const numbers = () => json("GET", "/v1/numbers");
export const activity = () => json("GET", "/v1/activity");
export const reviews = (id, said) => json("GET", `/v1/reviews/${name(id)}?language=${said}`);
export const item = (id) => json("GET", `/v1/items/${name(id)}`);

/** The events of a reply, as they come. */
export async function* chat(body, signal) {
  yield* eventsOf(await call("POST", "/v1/chat", body, { signal }));
}

const name = encodeURIComponent;
const profileOf = (user) => `/v1/users/${name(user)}/profile?language=${language}`;

async function json(method, path, body, conditions) {
  const response = await call(method, path, body, { conditions });
  return response.status === 204 ? null : response.json();
}

async function call(method, path, body, { signal, conditions } = {}) {
  for (;;) {
    const sent = { method, headers: { ...headers(body), ...conditions }, body: body && JSON.stringify(body), signal };
    const response = await fetch(path, sent);
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    const refused = refusedBy(response.status, answer.error);
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
