// Asks the desk's API. What it refuses becomes a Trouble whose message a person can read; who is signed out signs in
// where they are, and what was asked goes on.
import { me, say, words } from "./page.js";
import { signIn } from "./signed_out.js";

const ROOT = "/desk/api/";
const SENTENCES = {
  not_allowed: words.no_permission,
  take_first: words.take_first,
  gone: words.gone,
  bad_password: words.bad_password,
  easy_password: words.easy_password,
  away: words.failed,
};
let token = document.querySelector("meta[name=csrf]").content;
let signing = null;

export class Trouble extends Error {
  // `code` as docs/http-api.md lists them; `owner`: who has the conversation.
  constructor(status, { error = "", code = "", owner = "" }, wait) {
    super(sentence(code, owner, wait) || error || words.failed);
    Object.assign(this, { status, code, owner });
  }
}

function sentence(code, name, wait) {
  if (code === "taken") return say(words.taken_already, { name });
  if (code === "too_fast") return say(words.too_fast, { n: wait || 1 });
  return SENTENCES[code];
}

export const get = (path, query = {}) => ask(`${path}${asQuery(query)}`, {});

export function post(path, body = {}) {
  return ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}

export function upload(path, file) {
  const headers = { "Content-Type": file.type || "application/octet-stream" };
  return ask(`${path}${asQuery({ name: file.name })}`, { method: "POST", body: file, headers });
}

export const talkPath = (conversation, ...rest) => ["talks", encodeURIComponent(conversation), ...rest].join("/");

export function asQuery(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

async function ask(path, { headers = {}, ...request }, renewed = false) {
  if (request.method) headers["X-Desk-Token"] = token;
  let answer;
  try {
    answer = await fetch(ROOT + path, { ...request, headers });
  } catch {
    throw new Trouble(0, {}, 0);
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  if (answer.status === 401) {
    await signInAgain();
    return ask(path, { headers, ...request });
  }
  if (body.code === "csrf" && !renewed && (await renew())) return ask(path, { headers, ...request }, true); // signed in anew in another tab
  throw new Trouble(answer.status, body, Number(answer.headers.get("Retry-After")));
}

// Resolves when this member is signed in again, however many have asked for it.
export function signInAgain() {
  signing ??= signIn().then(renew).finally(() => (signing = null));
  return signing;
}

// The token of the session as it is now; whether it is another. Where somebody else has signed in the page is loaded anew,
// and what waits for this stays where it is: nothing goes out in their name.
async function renew() {
  const answer = await fetch(`${ROOT}me`).catch(() => null);
  if (!answer?.ok) return false;
  const { csrf, login } = await answer.json();
  if (login !== me.login) {
    location.reload();
    return new Promise(() => {});
  }
  const before = token;
  token = csrf;
  return token !== before;
}
