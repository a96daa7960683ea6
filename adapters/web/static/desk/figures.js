// Draws tables of figures: every number is the way to the conversations behind it.
import { isolated, make } from "./elements.js";
import { say, words } from "./page.js";
import { span } from "./times.js";

const TELLING = ["days", "hours", "tone"]; // their tables are long: they open when they are wanted

// A name of ours in the page's language; what customers wrote, and names of people, stay as they are.
export function labelOf(table, { key, label }) {
  if (label !== key && table !== "csat_average") return label;
  if (table === "csat") return "★".repeat(Number(key));
  if (table === "hours") return `${key}:00`;
  return (words.figures[table] ?? words[table])?.[key] ?? nameOf(label);
}

const nameOf = (label) => words.channels[label] ?? words.languages[label] ?? label;

export function shownValue(unit, value) {
  if (value === null) return "–";
  if (unit === "seconds") return span(value);
  if (unit === "share") return say(words.share_of, { n: Math.round(value * 1000) / 10 });
  if (unit === "stars") return `${Math.round(value * 100) / 100} ★`;
  return String(value);
}

export function drawTotals({ name, rows }, address) {
  return rows.map((row) => {
    const tile = make("p", "tile");
    const number = make("a", "number", String(row.of));
    number.href = address({ table: name, key: row.key });
    const label = make("span", "soft", labelOf(name, row));
    number.setAttribute("aria-label", `${label.textContent}: ${row.of}`);
    tile.append(number, label);
    return tile;
  });
}

// `address(query)` is where this page shows something else; `days`: the span.
export function drawTable({ name, unit, rows }, address, days) {
  const section = make("section", `figures ${name}`);
  const heading = make("div", "title");
  const csv = make("a", "small", words.csv);
  csv.href = `/desk/api/insight/${encodeURIComponent(name)}.csv?${new URLSearchParams(days)}`;
  csv.append(make("span", "unseen", ` ${words.tables[name] ?? name}`));
  heading.append(make("h2", "", words.tables[name] ?? name), csv);
  const chart = make("div", "chart");
  section.append(heading, chart);
  const table = whole({ name, unit, rows }, address);
  section.append(TELLING.includes(name) && rows.length > 10 ? folded(table) : table);
  if (!rows.length) table.replaceWith(make("p", "soft", words.nothing_found));
  return section;
}

function folded(table) {
  const box = make("details");
  box.append(make("summary", "", words.as_table), table);
  return box;
}

function whole({ name, unit, rows }, address) {
  const counted = unit === "conversations";
  const box = make("div", "scrolls");
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const title of [words.row_label, ...(counted ? [] : [words.row_value]), words.row_of]) {
    const cell = make("th", "", title);
    cell.scope = "col";
    head.append(cell);
  }
  const most = Math.max(1, ...rows.map(({ of }) => of));
  const body = table.createTBody();
  for (const row of rows) body.append(line(name, unit, row, counted ? row.of / most : null, address));
  box.append(table);
  return box;
}

function line(name, unit, row, share, address) {
  const line = make("tr");
  const label = make("th");
  label.scope = "row";
  label.append(isolated(labelOf(name, row)));
  const cells = share === null ? [make("td", "", shownValue(unit, row.value))] : [];
  const number = make("td", share === null ? "" : "bar");
  if (share !== null) number.append(bar(share));
  number.append(linked(name, row, address));
  line.append(label, ...cells, number);
  return line;
}

function linked(name, row, address) {
  if (!row.of) return make("span", "soft", "0");
  const link = make("a", "", String(row.of));
  link.href = address({ table: name, key: row.key, label: labelOf(name, row) });
  return link;
}

function bar(share) {
  const mark = make("span", "share");
  mark.setAttribute("aria-hidden", "true");
  mark.style.width = `${Math.max(share * 100, share ? 1 : 0)}%`;
  const box = make("span", "track");
  box.append(mark);
  return box;
}
