// The book: who did what, and when, the newest first; what is looked for stands in the address.
import { asQuery, get } from "./api.js";
import { icon, isolated, linkTo, make } from "./elements.js";
import "./menu.js";
import { $, notify, words } from "./page.js";
import { moment } from "./times.js";

const form = $("wanted");
const asked = new URLSearchParams(location.search);
const wanted = Object.fromEntries(["by", "deed", "conversation"].map((name) => [name, asked.get(name) ?? ""]));
const names = new Map();
let last = 0; // id of the oldest entry that is shown

async function load() {
  for (const { login, name } of (await get("members")).members) names.set(login, name);
  if (wanted.by && !names.has(wanted.by)) names.set(wanted.by, wanted.by); // one who has left
  const options = [...names].map(([login, name]) => Object.assign(make("option", "", name === login ? name : `${name} · ${login}`), { value: login }));
  form.elements.by.append(...options);
  for (const [name, value] of Object.entries(wanted)) form.elements[name].value = value;
  $("csv").href = `/desk/api/book.csv${asQuery(wanted)}`;
  await more();
}

async function more() {
  const { entries, more: older } = await get("book", { ...wanted, before: last ? String(last) : "" });
  const lines = entries.map(drawEntry);
  $("book").tBodies[0].append(...lines);
  last = entries.at(-1)?.id ?? last;
  $("book").hidden = !last;
  $("state").textContent = last ? "" : words.book_found_none;
  $("older").hidden = !older;
  return lines[0];
}

function drawEntry({ at, by, deed, conversation, detail }) {
  const line = make("tr");
  const time = make("time", "", moment(Date.parse(at) / 1000));
  time.dateTime = at;
  const what = make("span", deed, words.deeds[deed] ?? deed);
  const told = shown(deed, detail);
  line.append(cell(time), cell(isolated(names.get(by) ?? (by || words.book_nobody))), told ? cell(what, " ", soft(told)) : cell(what));
  line.append(conversation ? cell(place(conversation)) : cell());
  return line;
}

// To whom, how it ended, from where.
function shown(deed, detail) {
  if (deed === "assigned") return names.get(detail) ?? detail;
  return deed === "closed" ? (words[`close_${detail}`] ?? detail) : detail;
}

function place(conversation) {
  const node = make("span", "place");
  node.append(linkTo(conversation, conversation));
  if (wanted.conversation) return node;
  const only = make("a", "round small");
  only.href = `/desk/book${asQuery({ conversation })}`;
  only.title = words.book_only;
  only.append(icon("filter"), make("span", "unseen", `${words.book_only}: ${conversation}`));
  node.append(only);
  return node;
}

function soft(text) {
  const node = make("span", "soft");
  node.append(isolated(text));
  return node;
}

function cell(...content) {
  const node = make("td");
  node.append(...content);
  return node;
}

$("older").addEventListener("click", async () => {
  $("older").disabled = true;
  try {
    (await more())?.querySelector("a")?.focus();
  } catch (problem) {
    notify(problem.message);
  }
  $("older").disabled = false;
});
load().catch((problem) => ($("state").textContent = problem.message));
