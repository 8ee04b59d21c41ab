// The conversation: one turn at a time goes to the server, and its events onto the screen.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { keep, kept } from "./kept.js";
import { Reply } from "./reply.js";
import { heardAll, say } from "./spoken.js";
import { Refused } from "./trouble.js";
import { language, word } from "./words.js";

/**
 * Runs turns one after the other.
 * `user`: who asks; null for a stranger, or where the key says it.
 * `acts`: what the buttons of a card do. `changed` is called after each turn.
 */
export class Talk {
  constructor({ user, acts, changed }) {
    this.user = user;
    this.acts = acts;
    this.changed = changed;
    this.held = [];
    this.marks = new Map(); // what was said of each product in this conversation: like, dislike
    this.turns = 0;
    this.language = language; // the assistant's: it follows the shopper, and begins with the page's
    this.running = null;
    this.answered = true; // the reply that runs, if one does, has only words of products to come
  }

  /** Whether a reply is awaited that nothing can be asked beside. */
  get busy() {
    return Boolean(this.running) && !this.answered;
  }

  /** Send words of the shopper's. */
  say(message) {
    return this.turn(make("p", { class: "said" }, message), { message });
  }

  /** Do what a button means; `told` is how it stands among the turns. Gives the turn's reply. */
  act(told, act) {
    if (act.do === "undo") this.marks.clear(); // what comes back was shown before it was marked
    return this.turn(make("p", { class: "did" }, told), { message: told, act });
  }

  /** Stop the reply that runs: the conversation stays as it was before, or only words stay out. */
  stop() {
    this.running?.abort();
  }

  async turn(line, sent) {
    if (this.busy) return null;
    this.stop(); // words that still come belong to an answer that is over
    const running = new AbortController();
    const reply = new Reply(line, this.acts, this.marks, this.language);
    const { held } = this;
    Object.assign(this, { running, answered: false });
    this.wait(true);
    try {
      for await (const event of api.chat(this.body(sent), running.signal)) this.take(reply, event);
      if (!reply.over) this.held = held; // it failed, and can be sent again
    } catch (error) {
      // Nothing counts that was not acknowledged. What was, lacks words at most.
      if (!reply.over) {
        this.held = held;
        if (error.status === 404) keep("session", null);
        reply.failed(error.name === "AbortError" ? new Refused({ message: word("talk.stopped") }) : error);
      }
    } finally {
      this.over(reply);
      reply.endWords();
      if (this.running === running) this.running = null;
    }
    return reply;
  }

  take(reply, event) {
    if (event.type === "tool_returned" && event.name === "feedback")
      this.marks.set(event.result.product.id, event.result.kind);
    if (event.type === "constraints_changed") this.held = event.held;
    else if (event.type === "answered" || event.type === "done") this.counts(reply, event);
    else reply.take(event);
  }

  /** The turn is stored: the shopper may go on, also while words of its products come. */
  counts(reply, event) {
    if (reply.over) return;
    this.turns += 1;
    keep("session", event.session);
    this.language = event.language;
    reply.language(event.language);
    this.over(reply);
  }

  /** Let the shopper speak again; a second time does nothing. */
  over(reply) {
    if (reply.over) return;
    reply.end();
    heardAll(this.language);
    this.answered = true;
    this.wait(false);
    this.changed();
  }

  body(sent) {
    return { ...sent, language, session: kept("session") ?? undefined, user: this.user ?? undefined };
  }

  wait(now) {
    byId("send").hidden = now;
    byId("stop").hidden = !now;
    byId("turns").setAttribute("aria-busy", String(now));
    document.body.classList.toggle("busy", now);
  }

  /** Begin anew: a new conversation, and the first screen. */
  renew(user) {
    this.stop();
    keep("session", null);
    Object.assign(this, { user, held: [], marks: new Map(), turns: 0, language });
    for (const turn of document.querySelectorAll(".turn")) turn.remove();
    byId("welcome").hidden = false;
    this.changed();
    say(word("talk.new"));
  }
}
