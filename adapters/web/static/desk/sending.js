// Replies on their way: one after the other, kept until the desk has them, shown with what became of each.
import { post, talkPath } from "./api.js";
import { button } from "./elements.js";
import { me, notify, say, words } from "./page.js";
import { now, secondsOf } from "./times.js";
import * as unsent from "./unsent.js";

const EARLIER = 10; // seconds by which the store's clock may be behind
const PASSING = [0, 503]; // the desk was not reached, or could not store it

export class Sending {
  #queue = Promise.resolve();
  #flying = new Set(); // ids of messages that the desk is being asked to take
  #waits = new Map(); // id -> {conversation, message} that goes out when the desk is back

  // `open()` names the conversation that is shown; `edit(text)` puts words back into its box.
  constructor(transcript, open, edit) {
    Object.assign(this, { transcript, open, edit });
  }

  send(conversation, message) {
    const sent = { ...message, at: now(), why: words.interrupted };
    unsent.sends(conversation, "reply", sent);
    this.transcript.sending(message.id, message.text);
    this.#queue = this.#queue.then(() => this.#post(conversation, sent));
  }

  // What was left on its way, when its conversation is opened again; `events` is what the desk has.
  restore(conversation, events) {
    const ours = events.filter(({ kind, by, name }) => kind === "said" && by === "staff" && name === me.name);
    for (const message of unsent.outgoing(conversation, "reply")) {
      const { id, text, at, why } = message;
      const flies = this.#flying.has(id);
      if (!flies && ours.some((event) => event.text === text && secondsOf(event.id) > at - EARLIER)) unsent.settled(conversation, "reply", id);
      else this.transcript.sending(id, text);
      if (!flies && this.transcript.isSending(id)) this.#failed(conversation, message, why);
    }
  }

  // The desk is there, perhaps again.
  reached() {
    for (const { conversation, message } of this.#waits.values()) this.#again(conversation, message);
  }

  #again(conversation, message) {
    this.#waits.delete(message.id);
    if (conversation === this.open()) this.transcript.again(message.id);
    this.#queue = this.#queue.then(() => this.#post(conversation, message));
  }

  async #post(conversation, message) {
    const { id, text, original, files } = message;
    this.#flying.add(id);
    try {
      const { event } = await post(talkPath(conversation, "say"), { id, text, files, ...(original ? { original } : {}) });
      unsent.settled(conversation, "reply", id);
      if (conversation === this.open()) this.transcript.stored(id, event);
    } catch ({ message: why, status }) {
      const arrived = conversation === this.open() && !this.transcript.isSending(id); // only the answer was lost
      if (arrived) return unsent.settled(conversation, "reply", id);
      if (PASSING.includes(status)) this.#waits.set(id, { conversation, message });
      unsent.sends(conversation, "reply", { ...message, why });
      if (conversation === this.open()) this.#failed(conversation, message, why);
      else if (!this.#waits.has(id)) notify(say(words.not_sent, { why }), true);
    } finally {
      this.#flying.delete(id);
    }
    return undefined;
  }

  #failed(conversation, message, why) {
    const waits = this.#waits.has(message.id);
    const back = () => {
      this.#waits.delete(message.id);
      unsent.settled(conversation, "reply", message.id);
      this.transcript.drop(message.id);
      this.edit(message.original || message.text);
    };
    const retry = button(words.retry, () => this.#again(conversation, message), "quiet small");
    const told = waits ? words.goes_out_later : say(words.not_sent, { why });
    this.transcript.stays(message.id, !waits, told, retry, button(words.edit, back, "quiet small"));
  }
}
