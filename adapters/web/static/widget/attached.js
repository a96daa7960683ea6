// Photos and files of a conversation: drawn with their message, and sent up before it.
import { isolated, make } from "./elements.js";

const ADDRESS = /^\/v1\/conversations\/[^/]+\/files\/[\d-]+\/\d+\?[\w=&]+$/; // ours alone
const OUTDATED = 401;

// One line or picture for each; `loaded` is called when a picture has got its height.
export function drawAttached(attachments, words, loaded) {
  return attachments.map((one) => {
    const what = words.attached[one.kind] ?? words.attached.other;
    if (!ADDRESS.test(one.url ?? "")) return line(what, one.name);
    const anchor = make("a");
    [anchor.href, anchor.target, anchor.rel] = [one.url, "_blank", "noopener noreferrer"];
    if (one.kind === "photo" && one.media_type?.startsWith("image/")) anchor.append(picture(one, what, loaded));
    else anchor.append(one.name ? isolated(one.name) : what);
    anchor.append(make("span", "unseen", ` (${words.opensTab})`));
    if (anchor.querySelector("img")) return anchor.classList.add("photo"), anchor;
    const named = line(what);
    named.append(": ", anchor);
    return named;
  });
}

function line(what, name) {
  const drawn = make("p", "attached", what);
  if (name) drawn.append(": ", isolated(name));
  return drawn;
}

function picture({ url, name }, what, loaded) {
  const image = make("img");
  [image.src, image.alt] = [url, name ? `${what}: ${name}` : what];
  image.addEventListener("load", loaded);
  image.addEventListener("error", () => image.replaceWith(make("span", "", image.alt)));
  return image;
}

// What a message names it by. Throws the status of the refusal, 0 where nobody was reached.
export async function sendUp(conversation, file) {
  const answer = await post(conversation, file);
  if (answer.status !== OUTDATED) return taken(answer);
  conversation.forget(conversation.proof ?? {});
  return taken(await post(conversation, file));
}

async function post(conversation, file) {
  try {
    const proof = await conversation.start();
    const headers = { Authorization: `Bearer ${proof.token}`, "Content-Type": file.type || "application/octet-stream" };
    const place = `/v1/conversations/${proof.conversation}/files?name=${encodeURIComponent(file.name)}`;
    return await fetch(place, { method: "POST", headers, body: file });
  } catch {
    throw 0;
  }
}

async function taken(answer) {
  if (!answer.ok) throw answer.status;
  return (await answer.json()).file;
}
