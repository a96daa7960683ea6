// Photos and files that go with a reply: chosen, dropped or pasted, brought up at once, sent with the words.
import { talkPath, upload } from "./api.js";
import { button, icon, isolated, make } from "./elements.js";
import { $, mostBytes, notify, say, words } from "./page.js";

export class Files {
  #all = new Map(); // conversation -> [{name, file: what the API calls it, or "" while it comes up}]

  // `conversation()` names the one that is open; `changed()` is called when there is another file.
  constructor(conversation, changed) {
    Object.assign(this, { conversation, changed });
    const input = $("attach").querySelector("input");
    input.addEventListener("change", () => {
      this.#add(input.files);
      input.value = "";
    });
    $("text").addEventListener("paste", (paste) => this.#take(paste, paste.clipboardData));
    $("composer").addEventListener("drop", (drop) => this.#take(drop, drop.dataTransfer));
    $("composer").addEventListener("dragover", (drag) => drag.preventDefault());
  }

  get any() {
    return this.#kept.length > 0;
  }

  get busy() {
    return this.#kept.some(({ file }) => !file);
  }

  take() {
    const files = this.#kept.map(({ file }) => file);
    this.#all.delete(this.conversation());
    this.#draw();
    return files;
  }

  // Those of the conversation that is open.
  show() {
    this.#draw();
  }

  get #kept() {
    return this.#all.get(this.conversation()) ?? [];
  }

  #take(happening, { files }) {
    if (!files.length) return;
    happening.preventDefault();
    if (!$("attach").hidden && !$("write").hidden) this.#add(files);
  }

  #add(files) {
    for (const file of files) {
      if (file.size > mostBytes) notify(say(words.too_large, { name: file.name, n: Math.floor(mostBytes / 1e6) }));
      else this.#bring(file);
    }
  }

  async #bring(file) {
    const conversation = this.conversation();
    const entry = { name: file.name, file: "" };
    this.#all.set(conversation, [...this.#kept, entry]);
    this.#draw();
    try {
      entry.file = (await upload(talkPath(conversation, "files"), file)).file;
    } catch (problem) {
      this.#remove(conversation, entry);
      notify(problem.message);
    }
    this.#draw();
  }

  #remove(conversation, entry) {
    this.#all.set(conversation, (this.#all.get(conversation) ?? []).filter((one) => one !== entry));
  }

  #draw() {
    $("files").hidden = !this.#kept.length;
    $("files").replaceChildren(...this.#kept.map((entry) => this.#chip(entry)));
    this.changed();
  }

  #chip(entry) {
    const chip = make("li", entry.file ? "" : "coming");
    const away = button("", () => {
      this.#remove(this.conversation(), entry);
      this.#draw();
    }, "round small");
    away.append(icon("close"), make("span", "unseen", say(words.detach, { name: entry.name })));
    chip.append(isolated(entry.file ? entry.name : say(words.uploading, { name: entry.name })), away);
    return chip;
  }
}
