// The canned answers: everybody reads them, a lead changes them.
import { get, post } from "./api.js";
import { button, isolated, make, plain } from "./elements.js";
import "./menu.js";
import { $, me, notify, say, words } from "./page.js";

let editing = "";

async function load() {
  try {
    const { canned } = await get("canned");
    $("answers").replaceChildren(...canned.map(drawAnswer));
    $("state").textContent = canned.length ? "" : words.answer_none;
  } catch (problem) {
    $("state").textContent = problem.message;
  }
}

function drawAnswer(answer) {
  const item = make("li", "entry");
  const heading = make("h2");
  heading.append(isolated(answer.title), " ", make("span", "tag", words.languages[answer.language] ?? answer.language));
  item.append(heading, plain(answer.text));
  if (!me.lead) return item;
  const foot = make("p", "row");
  foot.append(button(words.edit, () => edit(answer), "small"), button(words.remove, () => remove(answer), "small quiet"));
  for (const deed of foot.children) deed.append(make("span", "unseen", ` ${answer.title}`));
  item.append(foot);
  return item;
}

function edit({ id = "", title = "", text = "", language = "" }) {
  editing = id;
  $("editing-title").textContent = id ? words.edit : words.answer_new;
  [$("title").value, $("words").value] = [title, text];
  if (language) $("language").value = language;
  warn("");
  $("editing").showModal();
  $("title").focus();
}

async function keep(submit) {
  submit.preventDefault();
  const answer = { id: editing, language: $("language").value, title: $("title").value.trim(), text: $("words").value.trim() };
  try {
    await post("canned", answer);
  } catch (problem) {
    return warn(problem.message);
  }
  $("editing").close();
  notify(words.answer_kept);
  return load();
}

async function remove({ id, title }) {
  if (!confirm(say(words.answer_remove, { title }))) return;
  try {
    await post(`canned/${encodeURIComponent(id)}/drop`);
    notify(words.answer_gone);
  } catch (problem) {
    notify(problem.message);
  }
  await load();
}

function warn(text) {
  const place = $("editing").querySelector(".warning");
  place.textContent = text;
  place.hidden = !text;
}

if (me.lead) {
  $("new").addEventListener("click", () => edit({}));
  $("editing").querySelector("form").addEventListener("submit", keep);
  $("editing").querySelector("[data-cancel]").addEventListener("click", () => $("editing").close());
}
load();
