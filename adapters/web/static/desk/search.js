// Looks for words in conversations, past ones too.
import { get } from "./api.js";
import { drawFound } from "./found.js";
import { $, words } from "./page.js";

const PAUSE_MS = 250;

export class Search {
  #later = 0;
  #asked = "";

  constructor() {
    $("open-search").addEventListener("click", () => this.open());
    $("searched").addEventListener("input", () => {
      clearTimeout(this.#later);
      this.#later = setTimeout(() => this.#look($("searched").value.trim()), PAUSE_MS);
    });
    $("searched").addEventListener("keydown", (key) => this.#key(key));
    $("found").addEventListener("click", (click) => click.target.closest("a") && $("searching").close());
  }

  open() {
    $("searching").showModal();
    $("searched").select();
  }

  async #look(wanted) {
    this.#asked = wanted;
    if (!wanted) return this.#draw([], "");
    try {
      const { found } = await get("search", { q: wanted });
      return wanted === this.#asked && this.#draw(found, found.length ? "" : words.nothing_found);
    } catch (problem) {
      return this.#draw([], problem.message);
    }
  }

  #draw(found, state) {
    $("found").replaceChildren(...found.map(drawFound));
    $("searching-state").textContent = state;
  }

  #key(key) {
    if (key.isComposing || !["Enter", "ArrowDown", "Escape"].includes(key.key)) return;
    key.preventDefault();
    if (key.key === "Escape") {
      $("searching").close(); // at once: browsers would only empty the field
      $("searched").blur();
    } else $("found").querySelector("a")?.focus();
  }
}
