// The small pieces that the conversation is drawn with. Text only, never HTML.
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function bubble(content) {
  const node = make("div", "bubble");
  node.append(content);
  return node;
}

// `pressed(byKeyboard)` is called each time; the second click of a double one is meant for the first.
export function button(label, pressed) {
  const node = make("button", "choice", label);
  node.type = "button";
  node.addEventListener("click", ({ detail: clicks }) => clicks > 1 || pressed(clicks === 0));
  return node;
}

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g; // marks that turn the direction of writing

// Words of others among ours: read in the order in which they are stored, and turning nothing around them.
export function isolated(text) {
  return make("bdi", "", text.replace(TURNING, ""));
}
