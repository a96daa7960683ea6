// Draws a card: facts in rows, a change as before and after, sums of money to be seen at once.
import { isolated, make } from "./elements.js";

const ARROW = " → ";
const AMOUNT = /(?<![\p{L}\p{N}-])(?:[A-Z]{0,2}\p{Sc}\d[\d,]*(?:\.\d+)?|[A-Z]{3}\d[\d,]*\.\d{2})(?!\p{N})/u;
const ORDER = /(?<!\S)([A-Z]{1,6}-\d{3,12})(?!\S)/; // a number that is not torn apart at the end of a line
const LONG = 38; // half-width characters that fit beside a label
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/gu;

export function drawCard({ title, rows }, words) {
  const card = make("div", "card");
  const heading = make("h2");
  heading.append(titled(title));
  const list = make("dl");
  for (const [label, value] of rows) list.append(row(label, value, words));
  card.append(heading, list);
  return card;
}

function titled(title) {
  const content = isolated(title);
  const pieces = content.textContent.split(ORDER).map((text, place) => (place % 2 ? make("span", "whole", text) : text));
  content.replaceChildren(...pieces);
  return content;
}

function row(label, value, words) {
  const line = make("div", widthOf(label) + widthOf(value) > LONG ? "long" : "");
  const name = make("dt");
  const content = make("dd");
  name.append(isolated(label));
  content.append(...shown(value, words));
  line.append(name, content);
  return line;
}

// Only one arrow parts before from after; where somebody's words bring another, all of it is shown as it is.
function shown(value, words) {
  const parts = value.split(ARROW);
  if (parts.length === 2 && parts.every((part) => part.trim())) return change(...parts, words);
  const content = isolated(value);
  const amount = AMOUNT.exec(content.textContent);
  if (amount) {
    const rest = content.firstChild.splitText(amount.index);
    rest.splitText(amount[0].length);
    rest.replaceWith(make("strong", "amount", amount[0]));
  }
  return [content];
}

function change(before, after, words) {
  const old = make("del");
  const arrow = make("span", "arrow", "→");
  const current = make("ins");
  old.append(make("span", "unseen", `${words.before} `), isolated(before));
  arrow.setAttribute("aria-hidden", "true");
  current.append(make("span", "unseen", ` ${words.after} `), isolated(after));
  return [old, " ", arrow, " ", current];
}

function widthOf(text) {
  return text.length + (text.match(WIDE)?.length ?? 0);
}
