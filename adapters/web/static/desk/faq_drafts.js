// Drafts of FAQ entries: a lead reads, mends, approves or drops them.
import { get, post } from "./api.js";
import { button, linkTo, make } from "./elements.js";
import "./menu.js";
import { $, notify, say, words } from "./page.js";

async function load() {
  try {
    const { drafts } = await get("drafts");
    $("drafts").replaceChildren(...drafts.map(drawDraft));
    showState();
  } catch (problem) {
    $("state").textContent = problem.message;
  }
}

function showState() {
  $("state").textContent = $("drafts").children.length ? "" : words.drafts_none;
}

function drawDraft(draft) {
  const item = make("li", "entry");
  const questions = field(`questions-${draft.id}`, words.draft_questions, draft.questions.join("\n"), 3);
  const text = field(`text-${draft.id}`, words.draft_text, draft.text, 6);
  const form = make("form");
  const foot = make("p", "row");
  const approve = make("button", "primary", words.approve);
  foot.append(approve, button(words.drop, () => decide(item, `drafts/${encodeURIComponent(draft.id)}/drop`, {}, words.dropped), "quiet"));
  foot.append(make("span", "tag", words.languages[draft.language] ?? draft.language));
  if (draft.conversation) foot.append(linkTo(draft.conversation, words.draft_from));
  form.append(...questions, ...text);
  if (draft.marks.length) form.append(make("p", "warning", say(words.draft_marks, { what: draft.marks.join(", ") })));
  form.append(foot);
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    const asked = questions[1].value.split("\n").map((one) => one.trim()).filter(Boolean);
    decide(item, `drafts/${encodeURIComponent(draft.id)}/approve`, { questions: asked, text: text[1].value.trim() }, words.approved);
  });
  item.append(form);
  return item;
}

function field(id, label, value, rows) {
  const name = make("label", "", label);
  const box = make("textarea");
  name.htmlFor = id;
  Object.assign(box, { id, value, rows, required: true });
  return [name, box];
}

async function decide(item, path, body, done) {
  try {
    await post(path, body);
  } catch (problem) {
    return notify(problem.message);
  }
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  next?.querySelector("textarea").focus();
  showState();
  return notify(done);
}

load();
