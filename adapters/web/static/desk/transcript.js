// Draws one conversation: what the customer, the bot and staff said, and between it what only staff see, by time.
import { block, drawEvent, drawNote } from "./said.js";
import { $, words } from "./page.js";
import { make, plain } from "./elements.js";
import { day, now, secondsOf } from "./times.js";

const TOGETHER = 300; // seconds within which words of the same person stand together
const STANDS = ["waiting_for_staff", "with_staff", "left_the_line"]; // said again with each turn, told when it changes
const NEAR = 90; // pixels from the end that still count as there

export class Transcript {
  #items = []; // {key, at, order: among those of the same moment, who, node}, by time
  #known = new Set();
  #pending = new Map(); // id of a message of ours -> {node, text, event: id of its event, once it is stored}
  #stuck = true;
  #stands = ""; // which of these was the last

  // `drawing` is what said.js needs to know of the page.
  constructor(drawing) {
    this.drawing = drawing;
    $("scroller").addEventListener("scroll", () => this.#scrolled());
    $("newest").addEventListener("click", () => this.toEnd());
    const resized = new ResizeObserver(() => this.#stuck && this.toEnd()); // a photo that has come makes it longer
    for (const id of ["scroller", "log"]) resized.observe($(id));
  }

  clear() {
    this.#items = [];
    this.#known.clear();
    this.#pending.clear();
    $("log").replaceChildren();
    this.#stuck = true;
    this.#stands = "";
  }

  show(events) {
    for (const event of events) {
      if (event.kind === "said" && event.by === "staff") this.#arrived(event);
      const drawn = this.#known.has(event.id) || this.#stood(event) ? null : drawEvent(event, this.drawing);
      if (drawn) this.#place({ key: event.id, at: secondsOf(event.id), order: Number(event.id.split("-")[1]), ...drawn });
    }
    this.#follow();
  }

  // What came before all that is shown; what one looks at stays where it is.
  showEarlier(events) {
    const [stands, below] = [this.#stands, $("scroller").scrollHeight - $("scroller").scrollTop];
    this.#stands = "";
    this.#stuck = false;
    this.show(events);
    this.#stands = stands;
    $("scroller").scrollTop = $("scroller").scrollHeight - below;
  }

  #stood({ kind, status }) {
    if (kind !== "status" || !STANDS.includes(status)) return false;
    const before = this.#stands;
    this.#stands = status;
    return status === before;
  }

  showNotes(notes) {
    for (const note of notes) {
      const drawn = this.#known.has(`note ${note.id}`) ? null : drawNote(note, this.drawing);
      if (drawn) this.#place({ key: `note ${note.id}`, at: note.at, order: Infinity, ...drawn });
    }
    this.#follow();
  }

  // A reply of ours that is on its way.
  sending(id, text) {
    const node = block("staff mine pending", this.drawing.me, now(), [plain(text)]);
    node.append(make("p", "fate", words.sending));
    this.#pending.set(id, { node, text, event: "" });
    $("log").append(node);
    this.toEnd();
  }

  isSending(id) {
    return this.#pending.has(id);
  }

  // It could not be sent: `why`, and the buttons with which to go on. `failed`: it does not go out by itself.
  stays(id, failed, why, ...ways) {
    const { node } = this.#pending.get(id);
    node.classList.toggle("failed", failed);
    node.querySelector(".fate").replaceChildren(why, " ", ...ways);
    this.toEnd();
  }

  again(id) {
    const node = this.#pending.get(id)?.node;
    node?.classList.remove("failed");
    node?.querySelector(".fate").replaceChildren(words.sending);
  }

  // It is stored as this event: shown already, or about to be.
  stored(id, event) {
    if (this.#known.has(event)) this.drop(id);
    else if (this.#pending.has(id)) this.#pending.get(id).event = event;
  }

  drop(id) {
    this.#pending.get(id)?.node.remove();
    this.#pending.delete(id);
  }

  get empty() {
    return !this.#items.length;
  }

  toEnd() {
    $("scroller").scrollTop = $("scroller").scrollHeight;
    this.#scrolled();
  }

  // The socket may be quicker than the answer to our request.
  #arrived({ id: event, text, name }) {
    const ours = [...this.#pending].find(([, one]) => one.event === event || (name === this.drawing.me && one.text === text));
    if (ours) this.drop(ours[0]);
  }

  #place(item) {
    let place = this.#items.length;
    while (place && isLater(this.#items[place - 1], item)) place -= 1;
    const next = this.#items[place];
    const sending = this.#pending.values().next().value?.node;
    $("log").insertBefore(item.node, next ? next.node : (sending ?? null));
    this.#items.splice(place, 0, item);
    this.#known.add(item.key);
    this.#settle(place);
    if (next) this.#settle(place + 1);
  }

  // Who speaks is named once where somebody goes on, and each day begins with its name.
  #settle(place) {
    const [before, { node, who, at }] = [this.#items[place - 1], this.#items[place]];
    const newDay = !before || day(before.at) !== day(at);
    node.querySelector(".day")?.remove();
    if (newDay) node.prepend(make("p", "day", day(at)));
    node.classList.toggle("follows", !newDay && before.who === who && at - before.at < TOGETHER);
  }

  #follow() {
    if (this.#stuck) this.toEnd();
    else $("newest").hidden = false;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = $("scroller");
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#stuck) $("newest").hidden = true;
  }
}

const isLater = (one, other) => one.at > other.at || (one.at === other.at && one.order > other.order);
