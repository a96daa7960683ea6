// The conversation of one visitor: its id and token, and the messages that are not accepted yet.
import { read, remove, write } from "./store.js";

export class Conversation {
  constructor(identity, locale) {
    this.identity = identity;
    this.locale = locale;
    const who = customerOf(identity);
    this.key = `shopdesk:conversation:${who}`;
    this.outboxKey = `shopdesk:outbox:${who}`;
  }

  get proof() {
    return read(this.key);
  }

  // Two tabs that start at once share one conversation; where storage is blocked, so are locks, and nothing is shared.
  async start() {
    const start = async () => this.proof ?? (await this.#ask(this.identity));
    if (!navigator.locks) return start();
    try {
      return await navigator.locks.request(this.key, start);
    } catch (problem) {
      if (problem.name !== "SecurityError") throw problem;
      return start();
    }
  }

  // Forgets this proof, unless another tab has already got a newer one.
  forget(proof) {
    if (this.proof?.token === proof.token) remove(this.key);
  }

  get outbox() {
    return read(this.outboxKey) ?? [];
  }

  keep(message) {
    write(this.outboxKey, [...this.outbox, message]);
  }

  drop(id) {
    write(this.outboxKey, this.outbox.filter((message) => message.id !== id));
  }

  async #ask(identity) {
    const body = JSON.stringify(identity ? { locale: this.locale, identity } : { locale: this.locale });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/v1/conversations", { method: "POST", headers, body });
    if (answer.status === 401 && identity) return this.#ask(""); // an identity that has expired: go on as a guest
    if (!answer.ok) throw new Error(`no conversation: ${answer.status}`);
    const proof = await answer.json();
    write(this.key, proof);
    return proof;
  }
}

// Only a label for storage: the server checks the identity, we merely keep visitors apart.
function customerOf(identity) {
  try {
    const claims = identity.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(claims), (c) => c.charCodeAt(0)))).sub || "guest";
  } catch {
    return "guest";
  }
}
