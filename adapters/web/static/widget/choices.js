// The buttons under an answer: pressed once, then there to be read.
import { button, make } from "./elements.js";

const ENDING = /[\s.!。！]+$/u;

export class Choices {
  #open = []; // groups with buttons that can still be pressed: {id of the button: its element}
  #sent = new Map(); // presses that are not accepted yet: id of the message -> id of the button
  #count = 0;

  // `press(id, label, byKeyboard)` is called for a button.
  constructor(words, press) {
    this.words = words;
    this.press = press;
  }

  // Draws them at the end of a turn; those of a proposal inside the card that they answer. A newer proposal counts instead.
  draw(buttons, turn) {
    const choices = make("div", "choices");
    const group = new Map();
    for (const { id, label, style, lasting } of buttons) {
      const choice = button(label, (byKeyboard) => this.#pressed(choice, id, label, byKeyboard));
      if (style === "primary") choice.classList.add("primary");
      if (!lasting) group.set(id, choice);
      choices.append(choice);
    }
    const card = choices.querySelector(".primary") && turn.lastElementChild;
    if (card?.classList.contains("card")) this.#into(card, choices);
    else turn.append(choices);
    if (proposes(group)) this.#keep((one) => !proposes(one));
    this.#open.push(group);
    for (const [message, pressed] of this.#sent) this.choose({ id: message, press: pressed });
  }

  // On its way: the whole group can no longer be pressed.
  choose({ id, press }) {
    this.#sent.set(id, press);
    const group = this.#open.findLast((one) => one.has(press));
    if (group) this.#close(group, group.get(press));
  }

  // It could not be sent: everything is as it was before.
  release({ id, press }) {
    this.#sent.delete(id);
    for (const choice of this.#open.findLast((one) => one.has(press))?.values() ?? []) this.#setOpen(choice);
  }

  // Somebody wrote: what was asked before is over, and what says the same as a button is that button. A proposal waits
  // for its own answer, whatever else is talked about, until staff speak; one that is too old the desk refuses.
  retire({ by, message, text }) {
    const press = this.#sent.get(message);
    this.#sent.delete(message);
    const means = (group) => by === "customer" && (press ? group.get(press) : labelled(group, text));
    const answered = this.#open.findLast(means);
    if (answered) this.#close(answered, means(answered));
    const over = by !== "customer" || (!press && !answered && this.#isYesOrNo(text));
    this.#keep((group) => proposes(group) && group !== answered && !over);
  }

  // The desk knows more words: a card that one of them has answered stays open, and a press is told so.
  #isYesOrNo(text) {
    return this.words.answers.includes(text.trim().toLowerCase().replace(ENDING, ""));
  }

  #keep(stays) {
    for (const group of this.#open) if (!stays(group)) this.#close(group, null);
    this.#open = this.#open.filter(stays);
  }

  #pressed(choice, id, label, byKeyboard) {
    if (!choice.hasAttribute("aria-disabled")) this.press(id, label, byKeyboard);
  }

  #close(group, chosen) {
    for (const choice of group.values()) {
      choice.setAttribute("aria-disabled", "true");
      choice.closest(".card")?.classList.add("answered");
    }
    if (!chosen || chosen.classList.contains("chosen")) return;
    for (const choice of group.values()) unmark(choice);
    chosen.classList.add("chosen");
    chosen.append(make("span", "unseen", ` (${this.words.chosen})`));
  }

  #setOpen(choice) {
    unmark(choice);
    choice.removeAttribute("aria-disabled");
    choice.closest(".card")?.classList.remove("answered");
  }

  // The card's title tells whoever hears only the button what it is about.
  #into(card, choices) {
    const title = card.querySelector("h2");
    title.id ||= `card-${++this.#count}`;
    card.classList.add("proposal");
    card.setAttribute("role", "group");
    card.setAttribute("aria-labelledby", title.id);
    for (const choice of choices.children) choice.setAttribute("aria-describedby", title.id);
    card.append(choices);
  }
}

function proposes(group) {
  return [...group.values()].some((choice) => choice.classList.contains("primary"));
}

function labelled(group, text) {
  return [...group.values()].find((choice) => choice.firstChild?.data === text);
}

function unmark(choice) {
  choice.classList.remove("chosen");
  choice.querySelector(".unseen")?.remove();
}
