// The conversation that is open: who it is, how it stands, and the deeds that are possible now.
import { get, post, talkPath, Trouble } from "./api.js";
import { button, isolated, make } from "./elements.js";
import { $, language, me, notify, say, words } from "./page.js";
import { now, waited } from "./times.js";

const TYPING_MS = 5000;
const SECOND_PRESS_MS = 500; // who presses twice must not press what has come into its place
// Each with its key, as shortcuts.js has them.
const DEEDS = {
  take: ["t", words.take],
  take_over: ["t", words.take_over],
  assign: ["a", words.assign],
  return: ["b", words.give_back],
  close: ["e", words.close],
};

export class Talk {
  conversation = "";
  handoff = null;
  #told = 0;
  #first = ""; // id of the first event that was told

  // `on`: {watch(conversation, after), changed(handoff)}.
  constructor({ line, transcript, composer, side, on }) {
    Object.assign(this, { line, transcript, composer, side, on });
    composer.deed = (name) => this.do(name);
    for (const name of ["closing", "assigning"]) $(name).addEventListener("close", () => this.#chosen($(name)));
    $("earlier").addEventListener("click", () => this.#readEarlier());
    setInterval(() => this.#facts(), 5000);
  }

  async open(conversation) {
    if (conversation === this.conversation) return;
    this.conversation = conversation;
    this.handoff = this.line.get(conversation);
    this.transcript.clear();
    this.side.clear();
    $("earlier").hidden = true;
    $("open-talk").hidden = !conversation;
    $("nothing").hidden = Boolean(conversation);
    $("side").hidden = !conversation;
    $("customer-types").textContent = "";
    if (!conversation) return this.on.watch("");
    this.composer.open(conversation);
    $("composer").hidden = !this.handoff; // until it is known who has it
    this.#draw();
    this.side.load(conversation, this.handoff);
    await this.#read(conversation);
  }

  // A frame about the conversation that is open.
  take({ conversation, events = [], notes = [], handoff }) {
    if (conversation !== this.conversation) return;
    this.transcript.show(events);
    this.transcript.showNotes(notes);
    if (handoff !== undefined) this.stands(handoff);
    if (events.some(({ kind, by }) => kind === "said" && by === "customer")) {
      $("customer-types").textContent = "";
      this.side.renew(conversation, this.handoff);
    }
  }

  stands(handoff) {
    if (JSON.stringify(handoff) === JSON.stringify(this.handoff)) return;
    this.handoff = handoff;
    this.#draw();
  }

  types(conversation) {
    if (conversation !== this.conversation) return;
    $("customer-types").textContent = words.customer_types;
    clearTimeout(this.#told);
    this.#told = setTimeout(() => ($("customer-types").textContent = ""), TYPING_MS);
  }

  // What may be done now, by name: "take", "assign", "return", "close".
  get possible() {
    if (!this.handoff) return this.transcript.empty ? [] : ["take"];
    if (this.handoff.state === "waiting") return ["take", ...(me.lead ? ["assign"] : []), "return", "close"];
    if (this.line.isMine(this.handoff)) return ["return", "assign", "close"];
    return me.lead ? ["take_over", "assign", "return", "close"] : [];
  }

  do(name) {
    if (!this.possible.includes(name)) return undefined;
    if (name === "close") return $("closing").showModal();
    if (name === "assign") return this.#assign();
    if (name === "take_over") return this.#deed("assign", { to: me.login });
    return this.#deed(name);
  }

  async #read(conversation) {
    try {
      const { events, notes, handoff, more } = await get(talkPath(conversation));
      if (conversation !== this.conversation) return;
      this.#began(events, more);
      this.transcript.show(events);
      this.transcript.showNotes(notes);
      this.composer.sending.restore(conversation, events);
      this.transcript.toEnd();
      this.stands(handoff);
      this.#draw();
      $("composer").hidden = false;
      this.on.watch(conversation, events.at(-1)?.id ?? "");
    } catch (problem) {
      if (!(problem instanceof Trouble)) throw problem;
      if (conversation === this.conversation) $("log").append(make("p", "told", problem.message));
    }
  }

  // From which event on it is shown, and whether there is more before.
  #began([first], more) {
    this.#first = first?.id ?? this.#first;
    $("earlier").hidden = !more;
  }

  async #readEarlier() {
    const { conversation } = this;
    $("earlier").disabled = true;
    try {
      const { events, more } = await get(talkPath(conversation), { before: this.#first });
      if (conversation !== this.conversation) return;
      this.#began(events, more);
      this.transcript.showEarlier(events);
    } catch (problem) {
      notify(problem.message);
    } finally {
      $("earlier").disabled = false;
    }
  }

  async #deed(name, body = {}) {
    const conversation = this.conversation;
    $("deeds").setAttribute("aria-busy", "true");
    try {
      const answer = await post(talkPath(conversation, name), body);
      if (answer.conversation) this.on.changed(answer);
      if (conversation === this.conversation) this.stands(answer.conversation ? answer : null);
      if (name === "take") this.composer.focus();
    } catch (problem) {
      const { owner } = problem;
      notify(owner ? say(words.taken_already, { name: this.line.nameOf(owner) }) : problem.message);
    } finally {
      $("deeds").removeAttribute("aria-busy");
      $("deeds").dataset.changed = "";
      setTimeout(() => delete $("deeds").dataset.changed, SECOND_PRESS_MS);
    }
  }

  #assign() {
    const others = [...this.line.names].filter(([login]) => login !== this.handoff.owner);
    const choices = others.map(([login, name]) => {
      const choice = make("button", "", name);
      choice.value = login;
      if (name !== login) choice.append(make("span", "soft", ` ${login}`));
      return choice;
    });
    $("assigning").querySelector(".members").replaceChildren(...choices);
    $("assigning").showModal();
  }

  #chosen(dialog) {
    const value = dialog.returnValue;
    dialog.returnValue = "";
    if (!value) return;
    if (dialog === $("closing")) this.#deed("close", { help: value });
    else this.#deed("assign", { to: value });
  }

  #draw() {
    const deeds = this.possible.map((name) => this.#button(name));
    const focused = $("deeds").contains(document.activeElement);
    $("deeds").replaceChildren(...deeds);
    if (focused) (deeds[0] ?? $("scroller")).focus();
    this.composer.stands(this.handoff, this.line);
    this.side.stands(this.handoff);
    this.#facts();
  }

  #button(name) {
    const [key, label] = DEEDS[name];
    const waits = name === "take" && this.handoff;
    const deed = button(name === "take" && !waits ? words.step_in : label, () => this.do(name), waits ? "primary" : "");
    deed.title = key;
    deed.setAttribute("aria-keyshortcuts", key);
    return deed;
  }

  #facts() {
    if (!this.conversation) return;
    const { handoff } = this;
    const [channel] = this.conversation.split(":");
    const told = [words.channels[handoff?.channel ?? channel] ?? handoff?.channel ?? channel];
    if (handoff?.language && handoff.language !== language) told.push(words.languages[handoff.language] ?? handoff.language);
    const facts = handoff ? [make("span", `reason ${handoff.reason}`, words.reasons[handoff.reason]), ...this.#standing()] : [];
    facts.push(isolated(told.join(" · ")));
    if (handoff?.public) facts.push(make("span", "public", words.in_public));
    if ($("facts").textContent !== facts.map(({ textContent }) => textContent).join("")) $("facts").replaceChildren(...facts);
  }

  #standing() {
    const { state, since, owner, overdue } = this.handoff;
    const time = waited(now() - since);
    const waits = time === words.times.now ? words.waits_now : say(words.waits, { time });
    if (state === "waiting") return [make("span", overdue ? "warn" : "", waits)];
    return [make("span", "", this.line.isMine(this.handoff) ? words.taken_by_you : say(words.taken_by, { name: this.line.nameOf(owner) }))];
  }
}
