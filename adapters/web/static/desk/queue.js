// Draws the line: three short lists whose rows keep their place, so that a change moves as little as it can.
import { arrange, make } from "./elements.js";
import { isUnanswered } from "./line.js";
import { $, say, words } from "./page.js";
import { now, waited } from "./times.js";

const TYPING_SECONDS = 5;

export class Queue {
  #rows = new Map(); // conversation -> {item, link, shown}
  #sections = new Map();
  #typing = new Map(); // conversation -> until when
  #open = "";

  constructor(line) {
    this.line = line;
    for (const name of ["mine", "waiting", "others"]) this.#sections.set(name, section(name));
    this.empty = make("p", "empty");
    $("line").append(...[...this.#sections.values()].map(({ box }) => box), this.empty);
    $("filter").addEventListener("input", () => this.draw());
    setInterval(() => this.#tick(), 5000);
  }

  // Which conversation the page shows.
  open(conversation) {
    this.#open = conversation;
    for (const [one, { link }] of this.#rows) mark(link, one === conversation);
    this.#rows.get(conversation)?.link.scrollIntoView({ block: "nearest" });
  }

  types(conversation) {
    this.#typing.set(conversation, now() + TYPING_SECONDS);
    this.#rows.get(conversation)?.item.classList.add("typing");
    setTimeout(() => this.#tick(), TYPING_SECONDS * 1000 + 50);
  }

  draw() {
    const used = new Set();
    const sections = this.line.sections($("filter").value);
    for (const [name, handoffs] of sections) {
      const { box, list, count, missed } = this.#sections.get(name);
      arrange(list, handoffs.map((one) => this.#row(one, used)));
      box.hidden = !handoffs.length;
      count.textContent = handoffs.length;
      const late = name === "waiting" ? handoffs.filter((one) => one.overdue).length : 0;
      missed.textContent = late ? ` · ${say(words.overdue_count, { n: late })}` : "";
    }
    for (const conversation of this.#rows.keys()) if (!used.has(conversation)) this.#rows.delete(conversation);
    this.empty.textContent = used.size ? "" : $("filter").value ? words.none_match : words.quiet;
    this.#tick();
  }

  // Names have become known.
  renew() {
    for (const row of this.#rows.values()) row.shown = null;
    this.draw();
  }

  // The conversation after (or before) the one that is open, as the eye goes down the page.
  beside(step) {
    const links = [...$("line").querySelectorAll("a.row")];
    const here = links.findIndex((link) => link.hasAttribute("aria-current"));
    const there = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
    return links[there]?.dataset.conversation ?? "";
  }

  #row(handoff, used) {
    const { conversation } = handoff;
    used.add(conversation);
    const known = this.#rows.get(conversation);
    if (known?.shown === handoff) return known.item;
    if (known?.shown && handoff.wrote > known.shown.wrote) this.#typing.delete(conversation); // what was typed is here
    const row = known ?? newRow(conversation);
    row.link.replaceChildren(...this.#content(handoff));
    row.link.classList.toggle("late", isReminded(handoff));
    row.link.classList.toggle("overdue", Boolean(handoff.overdue));
    row.link.classList.toggle("unanswered", isUnanswered(handoff));
    row.shown = handoff;
    mark(row.link, conversation === this.#open);
    this.#rows.set(conversation, row);
    return row.item;
  }

  #content(handoff) {
    const { words: said, reason, channel, language, owner, state } = handoff;
    const lines = make("span", "said", said || "…");
    lines.dir = "auto"; // its beginning is what is seen
    const facts = make("span", "facts");
    facts.append(make("span", `reason ${reason}`, words.reasons[reason] ?? reason));
    const told = [words.channels[channel] ?? channel, words.languages[language] ?? language];
    if (state === "taken" && !this.line.isMine(handoff)) told.push(this.line.nameOf(owner));
    facts.append(make("span", "writes", words.is_typing));
    if (handoff.overdue) facts.append(make("span", "warn", words.overdue));
    else if (isReminded(handoff)) facts.append(make("span", "warn", words.reminded));
    if (handoff.public) facts.append(make("span", "public", words.in_public));
    facts.append(make("span", "where", told.filter(Boolean).join(" · ")));
    if (isUnanswered(handoff)) facts.append(make("span", "unseen", words.unanswered));
    return [lines, make("span", "wait"), facts];
  }

  #tick() {
    const time = now();
    for (const [conversation, { item, link, shown }] of this.#rows) {
      const wait = link.querySelector(".wait");
      const text = waited(time - (shown.state === "waiting" ? shown.since : shown.wrote || shown.taken));
      if (wait.textContent !== text) wait.textContent = text;
      const typing = (this.#typing.get(conversation) ?? 0) > time;
      item.classList.toggle("typing", typing);
      if (!typing) this.#typing.delete(conversation);
    }
  }
}

function section(name) {
  const box = make("section", name);
  const heading = make("h2", "", `${words[name]} `);
  const count = make("span", "count");
  const list = make("ul");
  const missed = make("span", "warn");
  heading.append(count, missed);
  heading.id = `line-${name}`;
  list.setAttribute("aria-labelledby", heading.id);
  box.append(heading, list);
  return { box, list, count, missed };
}

function newRow(conversation) {
  const item = make("li");
  const link = make("a", "row");
  link.href = `#${encodeURIComponent(conversation)}`;
  link.dataset.conversation = conversation;
  item.append(link);
  return { item, link, shown: null };
}

function mark(link, open) {
  if (open) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

function isReminded(handoff) {
  return Boolean(handoff.alerts) && (handoff.state === "waiting" || isUnanswered(handoff));
}
