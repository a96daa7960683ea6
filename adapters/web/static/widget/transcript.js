// Draws the conversation. A turn of the desk is one block: text, sources, card and buttons as they come.
import { drawAttached } from "./attached.js";
import { drawCard } from "./card.js";
import { Choices } from "./choices.js";
import { bubble, button, make } from "./elements.js";
import { link, render } from "./markdown.js";

const $ = (id) => document.getElementById(id);
const WRITES = 6000; // ms after which who does not go on writing has stopped

export class Transcript {
  #turn = null; // the desk's block that parts go to
  #answer = null; // the newest of them, which is shown from its beginning
  #draft = "";
  #frame = 0;
  #mine = new Map(); // the customer's blocks, by message id
  #writing = 0; // the timer after which staff have stopped writing
  #name = ""; // of who wrote last for the shop
  #stuck = true;
  #height = 0; // of the window on the conversation

  // `press(id, label, byKeyboard)` is called for a button, `say(text)` for a suggested question.
  constructor(words, press, say) {
    this.words = words;
    this.choices = new Choices(words, press);
    this.#greet(say);
    $("scroller").addEventListener("scroll", () => this.#scrolled());
    $("newest").addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#resized()).observe($("scroller"));
  }

  show(event) {
    if (event.kind !== "said") this.#showBusy(event.kind === "busy" ? event.place : 0); // gone when the answer begins
    const draw = {
      said: () => this.#said(event),
      delta: () => this.#delta(event.text),
      text: () => this.#text(event.text),
      sources: () => this.#sources(event.sources),
      card: () => this.#desk().append(drawCard(event, this.words)),
      buttons: () => this.choices.draw(event.buttons, this.#desk()),
      status: () => this.#status(event.status),
    }[event.kind];
    draw?.();
    if (this.#stuck) this.toNewest();
  }

  // A message of this page, not accepted yet.
  waiting(message, state) {
    const block = this.#mine.get(message.id) ?? this.#customer(message.id, message.text);
    if (message.shown && !block.querySelector(".attached")) block.append(...this.#attached(message.shown));
    block.querySelector(".fate")?.remove();
    if (state) block.append(make("p", "fate", this.words[state]));
    block.classList.toggle("pending", Boolean(state));
    if (message.press) state === "failed" ? this.choices.release(message) : this.choices.choose(message);
    if (this.#stuck) this.toEnd();
  }

  // The newest, but of an answer that is taller than the window its beginning.
  toNewest() {
    const answer = $("draft").hidden ? this.#answer : $("draft");
    this.#scrollTo(answer ? answer.offsetTop - 14 : Infinity);
  }

  toEnd() {
    this.#scrollTo(Infinity);
  }

  #scrollTo(place) {
    const { scrollHeight, clientHeight } = $("scroller");
    $("scroller").scrollTop = Math.min(place, scrollHeight - clientHeight);
    this.#scrolled();
  }

  // Opened: the newest answer from its beginning; made smaller or larger: the end stays the end.
  #resized() {
    const opened = !this.#height;
    this.#height = $("scroller").clientHeight;
    if (this.#stuck) opened ? this.toNewest() : this.toEnd();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = $("scroller");
    this.#stuck = scrollHeight - scrollTop - clientHeight < 60;
    $("newest").hidden = this.#stuck;
  }

  #greet(say) {
    const starters = make("div", "choices");
    for (const question of this.words.starters) starters.append(button(question, () => say(question)));
    $("greeting").append(make("p", "bubble", this.words.greeting), starters);
  }

  #said({ by, message, text, name = "", attachments = [] }) {
    this.#turn = this.#answer = null;
    this.choices.retire({ by, message, text });
    if (by !== "customer") {
      this.#name = name;
      if (!text && !attachments.length) return undefined; // staff have closed the conversation: the desk says so itself
      this.#staffWrite(false);
      this.#answer = this.#block("staff", name ? this.words.staffMember(name) : this.words.staff);
      return this.#answer.append(...(text ? [bubble(render(text))] : []), ...this.#attached(attachments));
    }
    const known = this.#mine.get(message);
    if (known) {
      this.waiting({ id: message });
      known.querySelectorAll(".attached, .photo").forEach((line) => line.remove());
    }
    const block = known ?? this.#customer(message, text || (attachments.length ? "" : "…"));
    block.append(...this.#attached(attachments));
  }

  #attached(attachments) {
    return drawAttached(attachments, this.words, () => this.#stuck && this.toNewest());
  }

  // Shown for as long as they go on.
  #staffWrite(writes) {
    clearTimeout(this.#writing);
    if (writes) this.#writing = setTimeout(() => this.#staffWrite(false), WRITES);
    $("typing").hidden = !writes;
    $("writing").textContent = writes ? this.words.staffWriting(this.#name || this.words.staff) : "";
  }

  #customer(id, text) {
    const block = this.#block("customer", this.words.you);
    if (text) block.append(make("p", "bubble", text));
    this.#mine.set(id, block);
    $("greeting").querySelector(".choices")?.remove();
    return block;
  }

  #delta(text) {
    this.#draft += text;
    $("typing").hidden = true;
    $("draft").hidden = false;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      $("draft").replaceChildren(bubble(render(this.#draft)));
      if (this.#stuck) this.toNewest();
    });
  }

  #dropDraft() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draft = "";
    $("draft").hidden = true;
    $("draft").replaceChildren();
  }

  #text(text) {
    this.#dropDraft();
    this.#desk().append(bubble(render(text)));
  }

  #sources(sources) {
    const references = [...this.#desk().querySelectorAll(".reference")];
    const list = make(references.length ? "ol" : "ul");
    for (const { title, url } of sources) {
      const anchor = link(title, url);
      const item = make("li", "", anchor ? "" : title);
      if (anchor) {
        anchor.append(make("span", "unseen", ` (${this.words.opensTab})`));
        item.append(anchor);
      }
      list.append(item);
    }
    const box = make("div", "sources");
    box.append(make("h2", "", this.words.sources), list);
    this.#desk().append(box);
    for (const mark of references) this.#refer(mark, sources[mark.dataset.number - 1]);
  }

  // The "[1]" of a text leads to what the list below names as 1.
  #refer(mark, source) {
    const anchor = source && link(mark.textContent, source.url);
    if (!anchor) return;
    anchor.title = source.title;
    anchor.setAttribute("aria-label", `${this.words.source} ${mark.dataset.number}: ${source.title} (${this.words.opensTab})`);
    mark.replaceChildren(anchor);
  }

  #status(status) {
    if (status === "staff_typing") return this.#staffWrite(true);
    const writing = status === "thinking" || status === "restarted";
    if (writing || status === "done") {
      this.#dropDraft();
      $("typing").hidden = !writing;
      $("writing").textContent = writing ? this.words.writing : "";
    }
    if (status === "done") this.#turn = null;
  }

  #showBusy(place) {
    $("busy").hidden = !place;
    $("busy").textContent = place ? this.words.busy(place) : "";
  }

  #desk() {
    $("typing").hidden = true;
    return (this.#answer = this.#turn ??= this.#block("desk", this.words.desk));
  }

  #block(who, name) {
    const block = make("div", `turn ${who}`);
    block.append(make("p", who === "staff" ? "name" : "unseen", name));
    $("log").append(block);
    return block;
  }
}
