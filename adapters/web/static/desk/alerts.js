// Calls staff who look elsewhere: the number in the title, and, for who wants them, a soft sound and a notice.
import { keeping } from "./keeping.js";
import { $, words } from "./page.js";

const STORED = "desk:sound";
const kept = keeping(() => localStorage);
const TOGETHER_MS = 2000;
const MAY_NOTIFY = "Notification" in globalThis; // not in every phone's browser

export class Alerts {
  #title = document.title;
  #audio = null;
  #last = 0;

  // `open(conversation)` is called when a notice is clicked.
  constructor(open) {
    this.open = open;
    this.on = kept.read(STORED) === "on";
    $("sound").addEventListener("click", () => this.#toggle());
    this.#draw();
  }

  count(waiting) {
    document.title = waiting ? `(${waiting}) ${this.#title}` : this.#title;
  }

  // What is new, as [kind, handoff]. No word of a customer stands in a notice: others may see the screen.
  tell(news) {
    if (!this.on || !news.length || Date.now() - this.#last < TOGETHER_MS) return;
    this.#last = Date.now();
    this.#ring();
    if (!document.hidden || !MAY_NOTIFY || Notification.permission !== "granted") return;
    const [kind, { conversation, reason, channel }] = news.at(-1);
    const body = `${words.reasons[reason]} · ${words.channels[channel] ?? channel}`;
    const notice = new Notification(words[kind], { body, tag: "shopdesk" });
    notice.addEventListener("click", () => {
      window.focus();
      this.open(conversation);
    });
  }

  async #toggle() {
    this.on = !this.on;
    kept.write(STORED, this.on ? "on" : "");
    this.#draw();
    if (!this.on) return;
    this.#ring();
    if (MAY_NOTIFY && Notification.permission === "default") await Notification.requestPermission();
  }

  #draw() {
    $("sound").setAttribute("aria-pressed", String(this.on));
  }

  // Two soft tones, made here: nothing has to be loaded.
  #ring() {
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    [[660, 0], [880, 0.14]].forEach(([pitch, after]) => {
      const [tone, volume, at] = [this.#audio.createOscillator(), this.#audio.createGain(), this.#audio.currentTime + after];
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(at);
      tone.stop(at + 0.5);
    });
  }
}
