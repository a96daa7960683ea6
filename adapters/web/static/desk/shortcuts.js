// Single keys, outside of any field; who does not want them switches them off, and the list of them is behind "?".
import { make } from "./elements.js";
import { keeping } from "./keeping.js";
import { $, words } from "./page.js";

const STORED = "desk:keys";
const kept = keeping(() => localStorage);
const SHOWN = [
  ["j", "next"], ["k", "previous"], ["t", "take"], ["r", "reply"], ["n", "note"], ["/", "canned"], ["d", "suggest"], ["l", "translate"],
  ["a", "assign"], ["b", "give_back"], ["e", "close"], ["s", "search"], ["f", "filter"], ["Esc", "back"], ["?", "help"],
];

// `deeds` has a function for each name above.
export function listen(deeds) {
  const byKey = new Map(SHOWN.map(([key, name]) => [key, deeds[name]]));
  $("keys").querySelector("dl").replaceChildren(...SHOWN.flatMap(describe));
  const work = $("keys-work");
  work.checked = kept.read(STORED) !== "off";
  work.addEventListener("change", () => kept.write(STORED, work.checked ? "" : "off"));
  $("open-keys").addEventListener("click", () => $("keys").showModal());
  addEventListener("keydown", (key) => {
    if (key.isComposing || key.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (key.key === "Escape") return deeds.back();
    if (!work.checked || key.ctrlKey || key.metaKey || key.altKey || writes(key.target)) return undefined;
    const deed = byKey.get(key.key);
    if (!deed) return undefined;
    key.preventDefault();
    return deed();
  });
}

function describe([key, name]) {
  const term = make("dt");
  term.append(make("kbd", "", key));
  return [term, make("dd", "", words.keys[name])];
}

function writes(place) {
  return place.matches("input:not([type=checkbox]), textarea, select");
}
