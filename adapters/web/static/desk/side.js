// Beside the conversation: how the customer can be reached, what happened so far, their orders, and what one could reply.
import { drawCard } from "../widget/card.js";
import { render } from "../widget/markdown.js";
import { get, talkPath, Trouble } from "./api.js";
import { button, isolated, make } from "./elements.js";
import { sources } from "./said.js";
import { $, language, words } from "./page.js";

const LOOK_MS = 150; // who goes through the line by j and k does not ask for each
const RENEW_MS = 1500; // customers write in bursts: what they may want is asked for once they pause

export class Side {
  #conversation = "";
  #later = 0;
  #replies = [];

  // `use(text)` puts a suggested reply into the box.
  constructor(use) {
    this.use = use;
    $("show-side").addEventListener("click", () => this.show($("content").dataset.view !== "side"));
  }

  // On a narrow page it takes the place of the conversation.
  show(shown) {
    if ($("content").dataset.view === "queue") return;
    $("content").dataset.view = shown ? "side" : "talk";
    $("show-side").setAttribute("aria-expanded", String(shown));
  }

  clear() {
    clearTimeout(this.#later);
    this.#conversation = "";
    this.#replies = [];
    for (const id of ["suggestions", "reach", "summary", "cards"]) $(id).hidden = true;
    $("who").textContent = "";
  }

  load(conversation, handoff, after = LOOK_MS) {
    this.#conversation = conversation;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      this.#case(conversation);
      if (handoff) this.#suggest(conversation);
    }, after);
  }

  // The customer has written more.
  renew(conversation, handoff) {
    this.load(conversation, handoff, RENEW_MS);
  }

  stands(handoff) {
    const told = [[words.contact, handoff?.contact], [words.wanted, handoff?.wanted]].filter(([, value]) => value);
    $("reach").hidden = !told.length;
    $("reach").replaceChildren(...told.flatMap(([label, value]) => {
      const content = make("p");
      content.append(isolated(value));
      return [make("h3", "", label), content];
    }));
    if (!handoff) $("suggestions").hidden = true;
    else if (!this.#replies.length && $("suggestions").hidden && this.#conversation) this.#suggest(this.#conversation);
  }

  useFirst() {
    if (this.#replies.length) this.use(this.#replies[0].text);
  }

  async #case(conversation) {
    const found = await quietly(get(talkPath(conversation, "case"), { language }));
    if (conversation !== this.#conversation) return;
    if (!found) return void this.#cards([make("p", "soft", words.not_loaded)]);
    const { summary, by_model: byModel, customer, orders } = found;
    $("who").replaceChildren(isolated(customer ? customer.title : words.guest));
    $("summary").hidden = !summary;
    $("summary").querySelector(".text").textContent = summary;
    $("summary").querySelector(".soft").textContent = byModel ? words.by_model : words.by_words;
    const cards = [customer, ...orders].filter(Boolean).map((card) => drawCard(card, words));
    this.#cards(orders.length ? cards : [...cards, make("p", "soft", words.no_orders)]);
  }

  #cards(nodes) {
    $("cards").replaceChildren(...nodes);
    $("cards").hidden = false;
  }

  async #suggest(conversation) {
    const found = await quietly(get(talkPath(conversation, "replies")));
    if (conversation !== this.#conversation || !found) return;
    this.#replies = found.replies;
    $("suggestions").hidden = false;
    const cards = this.#replies.map((reply) => this.#suggestion(reply));
    $("suggestions").querySelector(".cards").replaceChildren(...(cards.length ? cards : [make("p", "soft", words.no_suggestions)]));
  }

  #suggestion({ text, sources: given }) {
    const box = make("article", "suggestion");
    const foot = make("div", "foot");
    foot.append(...(given.length ? [sources(given)] : []), button(words.use, () => this.use(text), "small"));
    const shown = make("div", "drafted");
    shown.append(render(text));
    shown.addEventListener("click", () => shown.classList.toggle("whole"));
    box.append(shown, foot);
    return box;
  }
}

// What is missing at the side must not stand in the way of the conversation.
async function quietly(asked) {
  try {
    return await asked;
  } catch (problem) {
    if (!(problem instanceof Trouble)) throw problem;
    return null;
  }
}
