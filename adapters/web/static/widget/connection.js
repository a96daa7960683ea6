// The socket: connects when there is something to follow, resumes after the last event seen, sends what waits.
const NOT_PROVEN = 4401;
const LONGEST_WAIT = 20000;
const BUSY_RETRY = 1000;

export class Connection {
  #socket = null;
  #timer = 0;
  #tries = 0;
  #last = "";
  #starting = false;

  // `on` has event(event), refused(message, status) and state(name).
  constructor(conversation, on) {
    this.conversation = conversation;
    this.on = on;
    addEventListener("online", () => this.#again(0));
    addEventListener("offline", () => this.#socket?.close());
    addEventListener("visibilitychange", () => document.hidden || this.#again(0));
  }

  // Shows the past of a conversation that exists; a new one starts with its first message.
  resume() {
    if (this.conversation.proof || this.conversation.outbox.length) this.#connect();
  }

  send(message) {
    this.conversation.keep(message);
    if (this.#ready()) this.#write(message);
    else this.#again(0);
  }

  // Told only while it is of use, and to nobody who is not there.
  typing() {
    if (this.#ready()) this.#socket.send('{"typing":true}');
  }

  #ready() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  async #connect() {
    if (this.#starting || this.#socket) return;
    this.#starting = true;
    this.on.state("connecting");
    try {
      this.#open(await this.conversation.start());
    } catch (problem) {
      console.warn("Shopdesk: no conversation could be started.", problem);
      this.#later();
    } finally {
      this.#starting = false;
    }
  }

  #open(proof) {
    const place = new URL(`/v1/conversations/${proof.conversation}/socket`, location.href);
    place.protocol = place.protocol.replace("http", "ws");
    if (this.followed !== proof.conversation) this.#last = "";
    this.followed = proof.conversation;
    const socket = new WebSocket(place);
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ token: proof.token, after: this.#last }));
      this.on.state("open");
      for (const message of this.conversation.outbox) this.#write(message);
    };
    socket.onmessage = (frame) => this.#take(JSON.parse(frame.data));
    socket.onclose = (end) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (end.code === NOT_PROVEN) this.conversation.forget(proof);
      this.#later();
    };
  }

  #write({ shown, ...message }) {
    this.#socket.send(JSON.stringify(message)); // `shown` is how this page draws what waits
  }

  #take(frame) {
    this.#tries = 0;
    if (frame.kind === "accepted") this.conversation.drop(frame.id);
    else if (frame.kind === "error") this.#refused(frame);
    else if (comesAfter(frame.id, this.#last)) {
      this.#last = frame.id;
      if (frame.kind === "said") this.conversation.drop(frame.message);
      this.on.event(frame);
    }
  }

  #refused({ id, status, retry_after: seconds }) {
    const message = this.conversation.outbox.find((waiting) => waiting.id === id);
    if (!message) return;
    const passing = status === 429 || status === 503;
    this.on.refused(message, status);
    if (passing) setTimeout(() => this.#ready() && this.#write(message), (seconds || 1) * BUSY_RETRY);
    else this.conversation.drop(id);
  }

  // Waits longer each time, never in step with other visitors.
  #later() {
    const idle = !this.conversation.proof && !this.conversation.outbox.length;
    this.on.state(idle ? "idle" : "lost");
    if (!idle) this.#again(Math.min(LONGEST_WAIT, 400 * 2 ** this.#tries++) * (0.5 + Math.random() / 2));
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.resume(), wait);
  }
}

// "9-0" comes before "10-0".
export function comesAfter(id, place) {
  const [a, b] = [id, place || "0"].map((event) => event.split("-").map(Number));
  return a[0] !== b[0] ? a[0] > b[0] : (a[1] || 0) > (b[1] || 0) || !place;
}
