// Puts the chat together: language, conversation, connection, transcript, composer, and the page around the frame.
import { sendUp } from "./attached.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Hours } from "./hours.js";
import { allowLinksTo } from "./markdown.js";
import { keepInPage, storageIsBlocked } from "./store.js";
import { Transcript } from "./transcript.js";
import { loadWords } from "./words.js";

const $ = (id) => document.getElementById(id);
const framed = window.parent !== window;

function tellPage(what, details = {}, origin = "*") {
  if (framed) window.parent.postMessage({ shopdesk: what, ...details }, origin); // "*": holds nothing private
}

// The page around us says who its visitor is; who may be around us is decided by frame-ancestors and once more here.
function hearPage(known) {
  return new Promise((start) => {
    if (!framed) start({});
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== window.parent || !known.includes(origin) || typeof data?.shopdesk !== "string") return;
      if (data.shopdesk === "start") start({ ...data, origin });
      if (data.shopdesk === "opened") opened(data.focus);
      if (data.shopdesk === "closed") seen = false;
    });
    tellPage("ready", { blocked: storageIsBlocked() });
  });
}

let seen = !framed;
let unread = 0;

function opened(focus) {
  seen = true;
  unread = 0;
  if (focus) $("text").focus();
}

function setWords(words, language) {
  document.documentElement.lang = language;
  for (const id of ["human", "newest"]) $(id).textContent = words[id];
  for (const id of ["close", "send", "attach"]) $(id).setAttribute("aria-label", words[id]);
  for (const id of ["close", "attach"]) $(id).title = words[id];
  $("text").placeholder = words.placeholder;
  $("text").setAttribute("aria-label", words.message);
  $("scroller").setAttribute("aria-label", words.conversation);
  $("log").setAttribute("aria-label", words.conversation);
}

function messageId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const LONGEST_LABEL = 200;
const COUNTED = { text: true, card: true };
const STAFF_STATES = { waiting_for_staff: "waitingForStaff", with_staff: "withStaff", left_the_line: "" };
const TYPES = 3000; // ms; staff are told no more often that the customer is writing
const TOO_LARGE = 413;
const PASSING = [0, 429, 503]; // 0: nobody was reached
const TRIES = 6; // 1, 2, 4, ... seconds apart

async function start() {
  const query = new URLSearchParams(location.search);
  const { languages, origins } = document.body.dataset;
  const page = await hearPage([location.origin, ...origins.split(" ")]);
  if (storageIsBlocked() && page.origin) keepInPage(page.kept ?? {}, (key, value) => tellPage("keep", { key, value }, page.origin));
  const { language, words } = await loadWords(query.get("locale") || navigator.language, languages.split(" "));
  setWords(words, language);
  allowLinksTo(origins.split(" "));

  const conversation = new Conversation(page.identity || "", query.get("locale") || navigator.language);
  const transcript = new Transcript(words, press, say);
  let staff = "";
  let state = "idle";
  const hours = new Hours(words, language, () => showState(state));

  function showState(name) {
    state = name;
    $("notice").hidden = name !== "lost";
    $("notice").textContent = name === "lost" ? words.lost : "";
    if (name === "lost") for (const message of conversation.outbox) transcript.waiting(message, "kept");
    const waits = staff === STAFF_STATES.waiting_for_staff;
    if (waits) hours.watch();
    else hours.rest();
    const closed = waits ? hours.closed : "";
    document.body.dataset.state = closed && name === "open" ? "closed" : name;
    if (waits && !hours.known) return; // a moment later it is said as it is
    $("state").textContent = closed || words[staff || (name === "connecting" ? "connecting" : "ready")];
  }

  function happened(event) {
    if (event.kind === "text") staff = ""; // the desk answers again; a status later in the turn says otherwise
    if (event.kind === "status") staff = STAFF_STATES[event.status] ?? staff;
    if (event.by === "staff" && event.text) staff = STAFF_STATES.with_staff;
    transcript.show(event);
    showState("open");
    const written = event.by === "staff" && (event.text || event.attachments);
    if (!seen && (COUNTED[event.kind] || written)) tellPage("unread", { count: ++unread });
  }

  function refused(message, status) {
    const passing = status === 429 || status === 503;
    transcript.waiting(message, passing ? "sending" : "failed");
    if (passing) [$("notice").textContent, $("notice").hidden] = [status === 429 ? words.tooFast : words.notNow, false];
  }

  const connection = new Connection(conversation, { event: happened, refused, state: showState });

  function send(message) {
    $("log").setAttribute("aria-live", "polite");
    transcript.waiting(message, "sending");
    transcript.toEnd();
    connection.send(message);
  }

  function say(text) {
    send({ id: messageId(), text });
    $("text").focus();
  }

  // Who goes by keyboard stays at the button: the next one, of the answer, is one step ahead. On a phone, focus would
  // bring up a keyboard that covers the answer.
  function press(id, label, byKeyboard = false) {
    send({ id: messageId(), press: id, text: label.slice(0, LONGEST_LABEL) });
    if (!byKeyboard && matchMedia("(hover: hover)").matches) $("text").focus();
  }

  // A photo goes out as a message of its own, and is shown as such from the moment at which it was chosen.
  async function attach(file) {
    const message = { id: messageId(), text: "", shown: [{ kind: file.type.startsWith("image/") ? "photo" : "file", name: file.name }] };
    transcript.waiting(message, "sending");
    transcript.toEnd();
    for (let tried = 1; ; tried++) {
      try {
        return send({ ...message, files: [await sendUp(conversation, file)] });
      } catch (status) {
        if (typeof status !== "number") throw status;
        const last = !PASSING.includes(status) || tried === TRIES;
        if (last) return transcript.waiting(message, status === TOO_LARGE ? "tooLarge" : "failed");
        await new Promise((wake) => setTimeout(wake, 500 * 2 ** tried));
      }
    }
  }

  let told = 0;
  function types() {
    if (staff !== "withStaff" || Date.now() - told < TYPES) return;
    told = Date.now();
    connection.typing();
  }

  composer(say, types);
  chooser(attach);
  $("human").addEventListener("click", () => press("human", words.human));
  $("close").addEventListener("click", () => tellPage("close"));
  addEventListener("keydown", (key) => key.key === "Escape" && !key.isComposing && tellPage("close"));
  $("close").hidden = !framed;

  // What a reload brings back is not read out; what comes from now on is.
  if (conversation.proof) {
    $("log").setAttribute("aria-live", "off");
    setTimeout(() => $("log").setAttribute("aria-live", "polite"), 1500);
  }
  showState("idle");
  for (const message of conversation.outbox) transcript.waiting(message, "sending");
  connection.resume();
  tellPage("started");
}

function chooser(attach) {
  const all = (files) => [...files].forEach(attach);
  $("attach").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", () => {
    all($("files").files);
    $("files").value = ""; // the same one may be chosen again
  });
  $("text").addEventListener("paste", (paste) => {
    if (!paste.clipboardData?.files.length) return;
    paste.preventDefault();
    all(paste.clipboardData.files);
  });
}

function composer(say, types) {
  const fit = () => {
    $("text").style.height = "auto";
    $("text").style.height = `${Math.min($("text").scrollHeight, 140)}px`;
    $("send").disabled = !$("text").value.trim();
  };
  $("text").addEventListener("input", fit);
  $("text").addEventListener("input", types);
  $("text").addEventListener("keydown", (key) => {
    if (key.key !== "Enter" || key.shiftKey || key.isComposing) return; // Enter also ends a Chinese input method's word
    key.preventDefault();
    $("composer").requestSubmit();
  });
  $("composer").addEventListener("submit", (submit) => {
    submit.preventDefault();
    const text = $("text").value.trim();
    if (!text) return;
    $("text").value = "";
    fit();
    say(text);
  });
  fit();
  $("text").readOnly = false; // before, what is written would go nowhere
}

start();
