// Puts the desk together: the line, the conversation that is open, its side, and the keys that reach all of it.
import { allowLinksTo } from "../widget/markdown.js";
import { Alerts } from "./alerts.js";
import { get, post, talkPath } from "./api.js";
import { Composer } from "./composer.js";
import { Line } from "./line.js";
import { Live } from "./live.js";
import "./menu.js";
import { $, language, me, notify, translates, words } from "./page.js";
import { Queue } from "./queue.js";
import { Search } from "./search.js";
import { listen } from "./shortcuts.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";
import { setClock } from "./times.js";
import { Transcript } from "./transcript.js";

const CHINESE = /\p{Script=Han}/u;

allowLinksTo([]);
const line = new Line(me.login);
const queue = new Queue(line);
const search = new Search();
const alerts = new Alerts(show);
const translate = (text) => post(talkPath(talk.conversation, "translate"), { text, language });
const isForeign = (text) => translates && (CHINESE.test(text) !== (language === "zh") || (talk.handoff?.language ?? language) !== language);
const drawing = { me: me.name, nameOf: (login) => line.nameOf(login), isForeign, translate };
const transcript = new Transcript(drawing);
const composer = new Composer(transcript, (conversation) => live.types(conversation));
const side = new Side((text) => {
  side.show(false);
  composer.insert(text);
});
const on = { watch: (conversation, after) => live.watch(conversation, after), changed: (handoff) => changed([handoff], []) };
const talk = new Talk({ line, transcript, composer, side, on });
const live = new Live({
  line: ({ handoffs, now }) => {
    setClock(now);
    stand(line.replace(handoffs));
    composer.sending.reached();
  },
  changed: ({ handoffs, gone, now }) => {
    setClock(now);
    changed(handoffs, gone);
  },
  talk: (frame) => talk.take(frame),
  typing: ({ conversation }) => {
    queue.types(conversation);
    talk.types(conversation);
  },
  trouble: () => notify(words.lost, true),
  state: (connected) => notify(connected ? "" : words.lost, true),
});

function changed(handoffs, gone) {
  stand(line.change(handoffs, gone));
}

function stand(news) {
  queue.draw();
  alerts.count(line.calling);
  const seen = (conversation) => !document.hidden && conversation === talk.conversation;
  const elsewhere = news.filter(([kind, { conversation }]) => kind === "new_one" || !seen(conversation));
  alerts.tell(elsewhere);
  if (elsewhere.some(([kind]) => kind === "given")) notify(words.given);
  if (talk.conversation && (line.get(talk.conversation) || talk.handoff)) talk.stands(line.get(talk.conversation));
}

// The address names the conversation; so "back" goes back, and a link to it can be sent to a colleague.
function route() {
  const named = decodeURIComponent(location.hash.slice(1));
  const conversation = named.includes(":") ? named : "";
  $("content").dataset.view = conversation ? "talk" : "queue";
  $("show-side").setAttribute("aria-expanded", "false");
  queue.open(conversation);
  talk.open(conversation);
}

function show(conversation) {
  if (conversation) location.hash = encodeURIComponent(conversation);
}

function back() {
  const place = document.activeElement;
  if (place.matches("input, textarea")) return place.blur();
  if ($("content").dataset.view === "side") return side.show(false);
  location.hash = "";
  return undefined;
}

listen({
  next: () => show(queue.beside(1)),
  previous: () => show(queue.beside(-1)),
  take: () => talk.do(talk.possible.includes("take") ? "take" : "take_over"),
  reply: () => composer.mode("reply"),
  note: () => composer.mode("note"),
  canned: () => composer.pick(),
  suggest: () => side.useFirst(),
  translate: () => composer.toggleTranslation(),
  assign: () => talk.do("assign"),
  give_back: () => talk.do("return"),
  close: () => talk.do("close"),
  search: () => search.open(),
  filter: () => $("filter").focus(),
  back,
  help: () => $("keys").showModal(),
});
addEventListener("hashchange", route);
document.querySelector(".skip").addEventListener("click", (click) => {
  click.preventDefault(); // the fragment names the conversation
  $("content").focus();
});
queue.draw();
get("members").then(({ members }) => {
  for (const { login, name } of members) line.names.set(login, name);
  queue.renew();
}).catch((problem) => notify(problem.message)).finally(route); // without it, logins stand for names
