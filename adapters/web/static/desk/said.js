// Draws single things of a conversation as staff see them: an event, a note, what came with a message.
import { drawCard } from "../widget/card.js";
import { link, render } from "../widget/markdown.js";
import { button, isolated, make, plain } from "./elements.js";
import { say, words } from "./page.js";
import { clock, moment, secondsOf } from "./times.js";

const TOLD = ["waiting_for_staff", "simpler", "left_the_line"]; // statuses that are worth a line; notes tell the others

// Returns {who, node}, or null for what staff need not see. `drawing`: {me, nameOf(login), isForeign(text), translate(text)}.
export function drawEvent(event, drawing) {
  const draw = {
    said: () => drawSaid(event, drawing),
    text: () => byBot(event, [bubble(render(event.text))]),
    sources: () => byBot(event, [sources(event.sources)]),
    card: () => byBot(event, [drawCard(event, words)]),
    buttons: () => byBot(event, [offered(event.buttons)]),
    status: () => TOLD.includes(event.status) && line(event.status, words.statuses[event.status], secondsOf(event.id)),
  }[event.kind];
  return draw?.() || null;
}

export function drawNote({ at, by, text = "", kind = "note" }, { nameOf }) {
  const name = by ? nameOf(by) : words.system;
  if (kind === "note" || kind === "original") {
    const node = block(`note ${kind}`, name, at, [plain(text)]);
    node.querySelector(".by").append(make("span", "hidden-from", kind === "note" ? words.note_hidden : words.original));
    return { who: `note ${by}`, node };
  }
  return line(kind, tidy(sentenceOf(kind, text, name, nameOf)), at);
}

// What was done, or what the desk's clock did: a reminder names the login of who was reminded, if it was one.
function sentenceOf(kind, text, name, nameOf) {
  if (kind === "reminded" && /\D/.test(text)) return say(words.happened.reminded, { name: nameOf(text) });
  if (kind === "system") return words.happened[text] ?? text;
  const shown = kind === "assigned" ? nameOf(text) : words[`close_${text}`] ?? text;
  return say(words.note_kinds[kind] ?? "{text}", { name, text: shown });
}

// What somebody said at one time, with their name above it.
export function block(className, name, at, content) {
  const node = make("div", `said ${className}`);
  const by = make("p", "by");
  const time = make("time", "", clock(at));
  time.dateTime = new Date(at * 1000).toISOString();
  time.title = moment(at);
  by.append(isolated(name), " ", time);
  node.append(by, ...content);
  return node;
}

export function sources(given) {
  const box = make("p", "sources");
  box.append(make("span", "soft", `${words.sources}: `));
  given.forEach(({ title, url }, place) => box.append(place ? " · " : "", anchor(title, url)));
  return box;
}

function drawSaid({ id, by, text = "", name = "", attachments = [] }, drawing) {
  if (!text && !attachments.length) return null; // the desk's own: a ring of its clock, a close
  const customer = by === "customer";
  const content = [...(text ? [bubble(customer ? plain(text) : render(text))] : []), ...attachments.map(attached)];
  const who = customer ? "customer" : `staff ${name === drawing.me ? "mine" : ""}`;
  const node = block(who, customer ? name || words.customer : name || words.desk, secondsOf(id), content);
  if (customer && text && drawing.isForeign(text)) node.append(translating(text, drawing));
  return { who: `${by} ${name}`, node };
}

function byBot({ id }, content) {
  return { who: "bot", node: block("bot", words.bot, secondsOf(id), content) };
}

function line(kind, text, at) {
  const node = make("p", `told ${kind}`);
  const time = make("time", "", clock(at));
  time.title = moment(at);
  node.append(make("span", "", text), " ", time);
  return { who: kind, node };
}

function bubble(content) {
  const node = make("div", "bubble");
  node.append(content);
  return node;
}

function anchor(title, url) {
  const found = link(title, url);
  if (!found) return isolated(title);
  found.append(make("span", "unseen", ` (${words.opens_tab})`));
  return found;
}

function offered(buttons) {
  const box = make("p", "offered");
  box.append(make("span", "unseen", `${words.offered}: `), ...buttons.map(({ label }) => make("span", "", label)));
  return box;
}

// `url` is the desk's own, or there is none.
function attached({ kind, name = "", url: given = "" }) {
  const url = given.startsWith("/desk/api/") ? given : "";
  const label = words.attached[kind] ?? words.attached.other;
  const shown = make(url ? "a" : "p", `attached ${kind}`);
  if (url) [shown.href, shown.target, shown.rel] = [url, "_blank", "noopener"];
  if (url && kind === "photo") {
    const photo = make("img");
    [photo.src, photo.alt, photo.loading] = [url, `${label} ${name}`.trim(), "lazy"];
    photo.addEventListener("error", () => photo.replaceWith(label), { once: true });
    shown.append(photo);
  } else shown.append(label, name ? ": " : "", isolated(name));
  if (url) shown.append(make("span", "unseen", ` (${words.opens_tab})`));
  return shown;
}

// A button that puts the translation below what it translates; the original always stays.
function translating(text, { translate }) {
  const place = make("div", "translation");
  const ask = button(words.translate, async () => {
    ask.disabled = true;
    ask.textContent = words.translating;
    try {
      place.replaceChildren(...translated(await translate(text)));
    } catch (problem) {
      [ask.disabled, ask.textContent] = [false, words.translate];
      place.replaceChildren(ask, make("span", "soft", problem.message));
    }
  }, "quiet small");
  place.append(ask);
  return place;
}

function translated({ text, changed = [] }) {
  const warning = changed.length ? [make("p", "warning", say(words.changed, { what: changed.join(", ") }))] : [];
  return [make("p", "soft", words.translation), plain(text), ...warning];
}

function tidy(sentence) {
  return sentence.replace(/[:：]\s*$/, "");
}
