// The box in which staff write: a reply or a note, with files, canned answers and a translation to look at.
import { get, post, talkPath } from "./api.js";
import { Files } from "./files.js";
import { button } from "./elements.js";
import { $, language, me, notify, say, translates, words } from "./page.js";
import { Picker } from "./picker.js";
import * as unsent from "./unsent.js";

const TALLEST = 240; // pixels

export class Composer {
  conversation = "";
  deed = () => {}; // set by who carries deeds out
  #handoff = null;
  #checked = null; // the words of ours whose translation is shown
  #queue = Promise.resolve();

  // `types(conversation)` is called while a reply is written.
  constructor(transcript, types) {
    Object.assign(this, { transcript, types });
    this.picker = new Picker($("text"), () => this.#canned());
    this.files = new Files(() => this.conversation, () => this.#fit());
    $("text").addEventListener("input", () => this.#written());
    $("text").addEventListener("keydown", (key) => this.#key(key));
    $("translated").addEventListener("keydown", (key) => this.#key(key));
    $("composer").addEventListener("submit", (submit) => {
      submit.preventDefault();
      this.#submit();
    });
    $("mode-reply").addEventListener("click", () => this.mode("reply"));
    $("mode-note").addEventListener("click", () => this.mode("note"));
    $("translate-to").addEventListener("change", () => this.#dropTranslation());
  }

  open(conversation) {
    this.conversation = conversation;
    this.#handoff = null;
    this.files.clear();
    this.picker.forget();
    this.#dropTranslation();
    $("translate-to").querySelector("input").checked = false;
    $("text").value = unsent.read(conversation);
    this.mode("reply", false);
  }

  stands(handoff, line) {
    this.#handoff = handoff;
    this.line = line;
    const foreign = handoff?.language && handoff.language !== language;
    $("translate-to").hidden = !(translates && foreign);
    const named = words.languages[handoff?.language] ?? handoff?.language ?? "";
    $("translate-to").querySelector("span").textContent = say(words.translate_to, { language: named });
    $("public-warning").hidden = !handoff?.public;
    this.#draw();
  }

  mode(mode, focus = true) {
    $("composer").dataset.mode = mode;
    for (const one of ["reply", "note"]) $(`mode-${one}`).setAttribute("aria-pressed", String(one === mode));
    this.#dropTranslation();
    this.#draw();
    if (focus) this.focus();
  }

  focus() {
    const place = $("write").hidden ? $("refused-to-write").querySelector("button") : $("text");
    place?.focus();
  }

  // Puts words where the cursor is; nothing is sent by that.
  insert(text) {
    if ($("composer").dataset.mode !== "reply") this.mode("reply");
    this.picker.close();
    const { value, selectionStart: start, selectionEnd: end } = $("text");
    const before = value.slice(0, start) && !/\s$/.test(value.slice(0, start)) ? " " : "";
    $("text").setRangeText(before + text, start, end, "end");
    this.#written();
    this.focus();
  }

  pick() {
    this.focus();
    this.picker.begin();
  }

  toggleTranslation() {
    if (!$("translate-to").hidden) $("translate-to").querySelector("input").click();
  }

  get #reply() {
    return $("composer").dataset.mode === "reply";
  }

  get #mayReply() {
    return this.#handoff?.state === "taken" && this.#handoff.owner === me.login;
  }

  #draw() {
    const reply = this.#reply;
    const may = !reply || this.#mayReply; // notes may be left at any time
    $("write").hidden = !may;
    $("refused-to-write").hidden = may;
    $("public-warning").classList.toggle("aside", !reply);
    if (!may) this.#refuse();
    $("attach").hidden = !reply;
    $("text").placeholder = reply ? words.reply_hint : words.note_hint;
    $("composer").querySelector("label[for=text]").textContent = reply ? words.reply_label : words.note_label;
    this.picker.enabled = reply;
    this.#fit();
  }

  #refuse() {
    const place = $("refused-to-write");
    const waits = this.#handoff?.state === "waiting";
    const who = this.#handoff && this.line?.nameOf(this.#handoff.owner);
    const why = !this.#handoff ? words.with_bot : waits ? words.take_first : say(words.owner_first, { name: who });
    place.querySelector("p").textContent = why;
    place.querySelector("button")?.remove();
    if (waits) place.append(button(words.take, () => this.deed("take"), "primary"));
  }

  #fit() {
    for (const box of [$("text"), $("translated")]) {
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight, TALLEST)}px`;
    }
    $("send").disabled = this.files.busy || (!$("text").value.trim() && !(this.#reply && this.files.any));
    $("send").textContent = !this.#reply ? words.add_note : this.#checked ? words.send_translation : words.send;
  }

  #written() {
    unsent.keep(this.conversation, $("text").value);
    if (this.#checked && this.#checked !== $("text").value.trim()) this.#dropTranslation();
    if (this.#reply && this.#mayReply && $("text").value.trim()) this.types(this.conversation);
    this.#fit();
  }

  #key(key) {
    if (this.picker.key(key)) return;
    if (key.key !== "Enter" || key.shiftKey || key.isComposing) return; // Enter also ends a Chinese input method's word
    key.preventDefault();
    $("composer").requestSubmit($("send"));
  }

  #submit() {
    const text = $("text").value.trim();
    if ($("send").disabled || $("write").hidden) return undefined;
    if (!this.#reply) return this.#note(text);
    const translate = text && !$("translate-to").hidden && $("translate-to").querySelector("input").checked;
    if (translate && !this.#checked) return this.#translate(text);
    const translated = this.#checked ? $("translated").value.trim() : "";
    if (this.#checked && !translated) return undefined;
    const message = { id: newId(), text: translated || text, files: this.files.take(), ...(translated ? { original: text } : {}) };
    this.#clear();
    this.focus(); // the translation, where they may have been, is gone
    return this.#send(this.conversation, message);
  }

  #send(conversation, message) {
    this.transcript.sending(message.id, message.text);
    this.#queue = this.#queue.then(() => this.#post(conversation, message));
  }

  async #post(conversation, message) {
    try {
      const { event } = await post(talkPath(conversation, "say"), message);
      if (conversation === this.conversation) this.transcript.stored(message.id, event);
    } catch (problem) {
      if (conversation !== this.conversation) return notify(say(words.not_sent, { why: problem.message }), true);
      const again = () => {
        this.transcript.again(message.id);
        this.#post(conversation, message);
      };
      const back = () => {
        this.transcript.drop(message.id);
        this.insert(message.original ?? message.text);
      };
      const ways = [button(words.retry, again, "quiet small"), button(words.edit, back, "quiet small")];
      this.transcript.failed(message.id, say(words.not_sent, { why: problem.message }), ...ways);
    }
    return undefined;
  }

  async #note(text) {
    this.#clear();
    try {
      await post(talkPath(this.conversation, "note"), { text });
    } catch (problem) {
      $("text").value = text;
      this.#written();
      notify(problem.message);
    }
  }

  async #translate(text) {
    $("send").disabled = true;
    try {
      const wanted = { text, language: this.#handoff.language };
      const { text: translated, changed } = await post(talkPath(this.conversation, "translate"), wanted);
      if ($("text").value.trim() !== text) return;
      this.#checked = text;
      $("translated").value = translated;
      $("translation").hidden = false;
      const warning = $("translation").querySelector(".warning");
      warning.hidden = !changed.length;
      warning.textContent = say(words.changed, { what: changed.join(", ") });
      $("translated").focus();
    } catch (problem) {
      notify(problem.message);
    } finally {
      this.#fit();
    }
  }

  #dropTranslation() {
    this.#checked = null;
    $("translation").hidden = true;
    this.#fit();
  }

  #clear() {
    $("text").value = "";
    this.#written();
    this.#dropTranslation();
  }

  #canned() {
    return get(talkPath(this.conversation, "canned"), { language: this.#handoff?.language ?? "" }).then(({ canned }) => canned);
  }
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
