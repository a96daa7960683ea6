// The one socket of a page: the line, the conversation that is open, and who is typing; connects again by itself.
import { get, signInAgain } from "./api.js";

const SIGNED_OUT = 4401;
const LONGEST_WAIT = 15000;
const TYPES_EVERY = 3000;

export class Live {
  #socket = null;
  #timer = 0;
  #tries = 0;
  #watched = "";
  #last = ""; // id of the last event of what is watched
  #typed = 0;

  // `on` has a function for each kind of frame (line, changed, talk, typing, trouble), and state(connected).
  constructor(on) {
    this.on = on;
    addEventListener("online", () => this.#again(0));
    addEventListener("offline", () => this.#socket?.close());
    addEventListener("visibilitychange", () => document.hidden || this.#socket || this.#again(0));
    this.#connect();
  }

  // Follow one conversation from after an event; "" follows none.
  watch(conversation, after = "") {
    [this.#watched, this.#last] = [conversation, after];
    this.#tell({ watch: conversation, after });
  }

  types(conversation) {
    if (Date.now() - this.#typed < TYPES_EVERY) return;
    this.#typed = Date.now();
    this.#tell({ types: conversation });
  }

  #tell(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #connect() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/desk/api/live`);
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      this.on.state(true);
      if (this.#watched) this.#tell({ watch: this.#watched, after: this.#last });
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(code, opened);
  }

  #take(frame) {
    this.#tries = 0;
    if (frame.kind === "talk") {
      if (frame.conversation !== this.#watched) return;
      this.#last = frame.events?.findLast(({ id }) => id)?.id ?? this.#last;
    }
    this.on[frame.kind]?.(frame);
  }

  #closed(code, opened) {
    this.#socket = null;
    if (code === SIGNED_OUT) return signInAgain().then(() => this.#again(0));
    this.on.state(false);
    this.#tries += 1;
    if (!opened && this.#tries % 2 === 0) get("me").catch(() => {}); // who is signed out learns it here
    return this.#again(Math.min(LONGEST_WAIT, 300 * 2 ** this.#tries) * (0.5 + Math.random() / 2));
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }
}
