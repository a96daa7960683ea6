// What was written and not sent yet, by conversation: who looks into another finds it again, after a reload too.
import { keeping } from "./keeping.js";
import { me } from "./page.js";

const kept = keeping(() => sessionStorage);
const name = (conversation) => `desk:unsent:${me.login}:${conversation}`;

export const read = (conversation) => kept.read(name(conversation));
export const keep = (conversation, text) => kept.write(name(conversation), text);
