// The box in which staff write: a reply or a note, with files, canned answers and a translation to look at.
import { get, post, talkPath } from "./api.js";
import { Files } from "./files.js";
import { button } from "./elements.js";
import { $, language, me, notify, say, translates, words } from "./page.js";
import { Picker } from "./picker.js";
import { Sending } from "./sending.js";
import * as unsent from "./unsent.js";

const TALLEST = 240; // pixels

export class Composer {
  conversation = "";
  deed = () => {}; // set by who carries deeds out
  #handoff = null;
  #checked = null; // the words of ours whose translation is shown
  #noting = new Set(); // ids of notes that the desk is being asked to keep

  // `types(conversation)` is called while a reply is written.
  constructor(transcript, types) {
    Object.assign(this, { transcript, types });
    this.picker = new Picker($("text"), () => this.#canned());
    this.files = new Files(() => this.conversation, () => this.#fit());
    this.sending = new Sending(transcript, () => this.conversation, (text) => this.insert(text));
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
    this.files.show();
    this.picker.forget();
    this.#dropTranslation();
    $("translate-to").querySelector("input").checked = false;
    this.#takeBack(conversation);
    const onlyNote = unsent.read(conversation, "note") && !unsent.read(conversation, "reply");
    this.mode(onlyNote ? "note" : "reply", false);
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
    $("text").value = unsent.read(this.conversation, mode);
    this.picker.close();
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
    unsent.keep(this.conversation, $("composer").dataset.mode, $("text").value);
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
    return this.sending.send(this.conversation, message);
  }

  async #note(text) {
    const [{ conversation }, id] = [this, newId()];
    unsent.sends(conversation, "note", { id, text });
    this.#noting.add(id);
    this.#clear();
    try {
      await post(talkPath(conversation, "note"), { text });
      unsent.settled(conversation, "note", id);
    } catch (problem) {
      notify(problem.message);
    }
    this.#noting.delete(id);
    this.#takeBack(conversation);
  }

  // Notes that were not kept stand in the box again.
  #takeBack(conversation) {
    const back = unsent.outgoing(conversation, "note").filter(({ id }) => !this.#noting.has(id));
    if (!back.length) return;
    for (const { id } of back) unsent.settled(conversation, "note", id);
    const texts = [...back.map(({ text }) => text), unsent.read(conversation, "note")];
    unsent.keep(conversation, "note", texts.filter(Boolean).join("\n"));
    if (conversation !== this.conversation || this.#reply) return;
    $("text").value = unsent.read(conversation, "note");
    this.#fit();
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
