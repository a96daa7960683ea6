// The line as this page knows it: who waits, who has whom, and what of it a member wants to see.
import { words } from "./page.js";

export class Line {
  #all = new Map();

  constructor(login) {
    this.login = login;
    this.names = new Map(); // of the members, by login
  }

  // All of them. Returns those that are news to whoever looks elsewhere: [kind, handoff].
  replace(handoffs) {
    const before = this.#all;
    this.#all = new Map(handoffs.map((one) => [one.conversation, one]));
    return before.size ? handoffs.flatMap((one) => this.#news(before.get(one.conversation), one)) : [];
  }

  change(handoffs, gone) {
    const news = handoffs.flatMap((one) => this.#news(this.#all.get(one.conversation), one));
    for (const one of handoffs) this.#all.set(one.conversation, one);
    for (const conversation of gone) this.#all.delete(conversation);
    return news;
  }

  get(conversation) {
    return this.#all.get(conversation) ?? null;
  }

  // How many call for somebody: all who wait, and those of ours who have written.
  get calling() {
    return [...this.#all.values()].filter((one) => one.state === "waiting" || (this.isMine(one) && isUnanswered(one))).length;
  }

  nameOf(login) {
    return this.names.get(login) || login;
  }

  // In the order in which a member looks at them: their own (who wrote last first), who waits, what others have.
  sections(filter) {
    const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = [...this.#all.values()].filter((one) => wanted.every((word) => this.#text(one).includes(word)));
    const mine = shown.filter((one) => this.isMine(one)).sort((a, b) => isUnanswered(b) - isUnanswered(a) || a.taken - b.taken);
    const waiting = shown.filter(({ state }) => state === "waiting").sort((a, b) => a.since - b.since);
    const others = shown.filter((one) => one.state === "taken" && !this.isMine(one)).sort((a, b) => a.taken - b.taken);
    return [["mine", mine], ["waiting", waiting], ["others", others]];
  }

  isMine({ state, owner }) {
    return state === "taken" && owner === this.login;
  }

  #text({ conversation, words: said = "", channel, language = "", reason, owner = "", contact = "", wanted = "" }) {
    const named = [words.channels[channel], words.languages[language], words.reasons[reason], this.nameOf(owner)];
    return [conversation, said, channel, language, owner, contact, wanted, ...named].join(" ").toLowerCase();
  }

  #news(before, one) {
    if (one.state === "waiting") {
      if (before?.state !== "waiting" || before.number !== one.number) return [["new_one", one]];
      return (one.alerts ?? 0) > (before.alerts ?? 0) ? [["reminder", one]] : [];
    }
    if (!this.isMine(one)) return [];
    if (!before || !this.isMine(before)) return [["given", one]];
    return (one.wrote ?? 0) > (before.wrote ?? 0) ? [["wrote_you", one]] : [];
  }
}

// The customer has written since staff did.
export function isUnanswered({ state, wrote = 0, answered = 0, taken = 0 }) {
  return state === "taken" && wrote > (answered || taken);
}
