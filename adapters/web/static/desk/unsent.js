// What was written and is not sent yet, by conversation: who looks into another finds it again, after a reload too.
import { keeping } from "./keeping.js";
import { me } from "./page.js";

const kept = keeping(() => sessionStorage);
const name = (what, conversation) => `desk:${what}:${me.login}:${conversation}`;

// A reply and a note are two things: what was meant for staff alone never stands in the box for the customer.
export const read = (conversation, mode) => kept.read(name(mode, conversation));
export const keep = (conversation, mode, text) => kept.write(name(mode, conversation), text);

// What was sent and is not known to be stored: {id, text}, and of a reply {files, original, at, why: why it failed}.
export const outgoing = (conversation, mode) => JSON.parse(kept.read(name(`sent ${mode}`, conversation)) || "[]");

export function sends(conversation, mode, message) {
  const others = outgoing(conversation, mode).filter(({ id }) => id !== message.id);
  kept.write(name(`sent ${mode}`, conversation), JSON.stringify([...others, message]));
}

export function settled(conversation, mode, message) {
  const left = outgoing(conversation, mode).filter(({ id }) => id !== message);
  kept.write(name(`sent ${mode}`, conversation), left.length ? JSON.stringify(left) : "");
}
