// What the server has put into the page: its words, who is signed in, and what may be sent.
const given = document.body.dataset;

// Nothing inherited: a topic that somebody called "constructor" has no word here.
export const words = JSON.parse(given.words, (_, value) => (typeof value === "object" ? Object.setPrototypeOf(value, null) : value));
export const language = document.documentElement.lang;
export const me = { login: given.login ?? "", name: given.name ?? "", lead: given.role === "lead" };
export const translates = "translates" in given;
export const mostBytes = Number(given.mostBytes);

export const $ = (id) => document.getElementById(id);

// "{n} min" with what it names filled in.
export function say(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

let leaving = 0;

// One line at the foot of the page, for a few seconds.
export function notify(text, lasting = false) {
  clearTimeout(leaving);
  $("notice").textContent = text;
  $("notice").hidden = !text;
  if (!lasting) leaving = setTimeout(() => ($("notice").hidden = true), 6000);
}
