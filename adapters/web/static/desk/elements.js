// The small pieces that the desk is drawn with. Text only, never HTML: what customers wrote is never anything else.
import { isolated, make } from "../widget/elements.js";

export { isolated, make };

export function icon(name) {
  const node = make("span", `icon ${name}`);
  node.setAttribute("aria-hidden", "true");
  return node;
}

export function button(label, pressed, className = "") {
  const node = make("button", className, label);
  node.type = "button";
  node.addEventListener("click", () => pressed(node));
  return node;
}

export function linkTo(conversation, label, className = "") {
  const node = make("a", className, label);
  node.href = `/desk#${encodeURIComponent(conversation)}`;
  return node;
}

// A bubble's worth of words, each line as it was written.
export function plain(text) {
  const node = make("p", "plain");
  node.dir = "auto";
  node.textContent = text;
  return node;
}

// Sets what a list shows with as few moves as possible, so that focus and scrolling stay.
export function arrange(list, nodes) {
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
}
