// A very small Markdown: paragraphs, lists, bold, links to known sites. Only DOM nodes, never HTML.
const INLINE = /\*\*(.+?)\*\*|\[([^\]\n]+)\]\(([^\s()]+)\)|[ \t]*\[(\d{1,2})\]|(https?:\/\/[^\s<>()"'，。；、）】]+[^\s<>()"'.,;:!?，。；、）】])/g;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;

let known = [location.origin];

export function allowLinksTo(origins) {
  known = [location.origin, ...origins];
}

export function render(text) {
  const page = document.createDocumentFragment();
  for (const block of blocks(text)) page.append(element(block));
  return page;
}

// Lines that belong together: {tag: "p" | "ul" | "ol", lines}.
function blocks(text) {
  const found = [];
  let open = null;
  for (const line of text.split("\n")) {
    const [tag, content] = kindOf(line);
    if (!tag) open = null;
    else if (tag === "h") found.push((open = null, { tag, lines: [content] }));
    else if (open?.tag === tag) open.lines.push(content);
    else found.push((open = { tag, lines: [content] }));
  }
  return found;
}

function kindOf(line) {
  if (!line.trim()) return ["", ""];
  for (const [tag, pattern] of [["ul", BULLET], ["ol", NUMBER], ["h", HEADING]]) {
    const match = pattern.exec(line);
    if (match) return [tag, match[1]];
  }
  return ["p", line];
}

function element({ tag, lines }) {
  const node = document.createElement(tag === "h" ? "p" : tag);
  if (tag === "h") node.className = "heading";
  lines.forEach((line, number) => {
    if (tag === "ul" || tag === "ol") {
      const item = document.createElement("li");
      item.append(...inline(line));
      node.append(item);
    } else {
      if (number) node.append(document.createElement("br"));
      node.append(...inline(line));
    }
  });
  return node;
}

function inline(line) {
  const nodes = [];
  let end = 0;
  for (const match of line.matchAll(INLINE)) {
    const [whole, bold, label, target, number, bare] = match;
    nodes.push(line.slice(end, match.index));
    if (bold) {
      const strong = document.createElement("strong");
      strong.append(...inline(bold));
      nodes.push(strong);
    } else if (number) nodes.push(reference(number));
    else nodes.push(link(label ?? bare, target ?? bare, known) ?? (label ? label : whole));
    end = match.index + whole.length;
  }
  nodes.push(line.slice(end));
  return nodes.filter((node) => node !== "");
}

// "[1]" points at a source; whoever knows the sources makes it a link.
function reference(number) {
  const mark = document.createElement("sup");
  mark.className = "reference";
  mark.dataset.number = number;
  mark.textContent = `[${number}]`;
  return mark;
}

// An anchor that opens a tab of its own, or null where the address is not http(s) or not of these sites.
export function link(label, target, sites) {
  let url;
  try {
    url = new URL(target, location.origin);
  } catch {
    return null;
  }
  if (!["http:", "https:"].includes(url.protocol) || url.username) return null;
  if (sites && (!sites.includes(url.origin) || url.search)) return null; // a made-up query could carry things away
  const anchor = document.createElement("a");
  anchor.href = url.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = label;
  return anchor;
}
