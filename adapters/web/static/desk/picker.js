// Canned answers behind "/": typed at the beginning of a word, chosen by arrows and Enter, never sent by itself.
import { make } from "./elements.js";
import { $, notify, words } from "./page.js";

const CALL = /(^|\s)\/([^\s/]*)$/;
const AT_MOST = 8;

export class Picker {
  enabled = true;
  #answers = null; // of this conversation, asked for when first wanted
  #shown = [];
  #chosen = 0;

  // `ask()` brings the answers of the conversation that is open.
  constructor(text, ask) {
    Object.assign(this, { text, ask });
    text.addEventListener("input", () => this.#look());
    text.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  begin() {
    this.text.setRangeText(/(^|\s)$/.test(this.#before) ? "/" : " /", this.text.selectionStart, this.text.selectionEnd, "end");
    this.#look();
  }

  // Whether the key was meant for the list.
  key(key) {
    if ($("picker").hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (step && this.#shown.length) this.#choose((this.#chosen + step + this.#shown.length) % this.#shown.length);
    else if ((key.key === "Enter" || key.key === "Tab") && this.#shown.length) this.#take(this.#shown[this.#chosen]);
    else if (key.key === "Escape") this.close();
    else return false;
    key.preventDefault();
    key.stopPropagation();
    return true;
  }

  get #before() {
    return this.text.value.slice(0, this.text.selectionStart);
  }

  async #look() {
    const call = this.enabled && CALL.exec(this.#before);
    if (!call) return this.close();
    try {
      this.#answers ??= await this.ask();
    } catch (problem) {
      return notify(problem.message);
    }
    const wanted = CALL.exec(this.#before)?.[2].toLowerCase();
    if (wanted === undefined) return this.close();
    const rank = (one) => {
      const [title, text] = [one.title.toLowerCase(), one.text.toLowerCase()];
      return [title.startsWith(wanted), title.includes(wanted), text.includes(wanted)].indexOf(true);
    };
    this.#shown = this.#answers.filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b)).slice(0, AT_MOST);
    return this.#draw();
  }

  #draw() {
    const options = this.#shown.map((one, place) => {
      const option = make("div", "option");
      option.id = `canned-${place}`;
      option.setAttribute("role", "option");
      option.append(make("strong", "", one.title), make("span", "soft", one.text));
      option.addEventListener("pointerdown", (press) => {
        press.preventDefault();
        this.#take(one);
      });
      return option;
    });
    const none = make("div", "soft", words.no_canned);
    none.setAttribute("role", "option");
    none.setAttribute("aria-disabled", "true");
    $("picker").replaceChildren(...(options.length ? options : [none]));
    $("picker").hidden = false;
    this.text.setAttribute("aria-controls", "picker");
    this.#choose(0);
  }

  #choose(place) {
    this.#chosen = place;
    [...$("picker").children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place && this.#shown.length > 0)));
    this.text.setAttribute("aria-activedescendant", this.#shown.length ? `canned-${place}` : "");
    $("picker").children[place]?.scrollIntoView({ block: "nearest" });
  }

  #take({ text }) {
    const [start, end] = [this.text.selectionStart - CALL.exec(this.#before)[2].length - 1, this.text.selectionStart];
    this.text.setRangeText(text, start, end, "end");
    this.close();
    this.text.dispatchEvent(new Event("input"));
  }

  close() {
    $("picker").hidden = true;
    this.text.removeAttribute("aria-activedescendant");
    this.text.removeAttribute("aria-controls");
    this.#shown = [];
  }

  forget() {
    this.#answers = null;
    this.close();
  }
}
