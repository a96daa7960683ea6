// The figures of a span of days: charts, the tables beneath them, and the conversations behind each number.
import { asQuery, get } from "./api.js";
import { drawChart } from "./charts.js";
import { drawFound } from "./found.js";
import "./menu.js";
import { drawTable, drawTotals, labelOf } from "./figures.js";
import { $, say, words } from "./page.js";

const DAY = 86400 * 1000;
const query = new URLSearchParams(location.search);
const days = { first: query.get("first") ?? dayBefore(29), last: query.get("last") ?? dayBefore(0) };

function dayBefore(count) {
  const date = new Date(Date.now() - count * DAY);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function address(more = {}) {
  return `/desk/insight${asQuery({ ...days, ...more })}`;
}

async function showTables() {
  const { tables } = await get("insight", days);
  const totals = tables.find(({ name }) => name === "totals");
  if (totals) $("totals").append(...drawTotals(totals, address));
  for (const table of tables.filter(({ name }) => name !== "totals")) {
    const section = drawTable(table, address, days);
    $("tables").append(section);
    drawChart(section, table);
  }
  const any = tables.some(({ rows }) => rows.some(({ of }) => of));
  $("state").textContent = any ? "" : words.no_figures;
}

async function showBehind(table, key, label) {
  const { found } = await get("insight/behind", { ...days, table, key });
  $("behind").hidden = false;
  $("behind").querySelector("h2").textContent = say(words.behind, { label: `${words.tables[table] ?? table}: ${label}` });
  $("behind").querySelector("ol").replaceChildren(...found.map(drawFound));
  $("figures").href = address();
  $("state").textContent = found.length ? "" : words.nothing_found;
}

async function show() {
  [$("first").value, $("last").value] = [days.first, days.last];
  const [table, key] = [query.get("table"), query.get("key")];
  try {
    await (table ? showBehind(table, key ?? "", query.get("label") ?? labelOf(table, { key, label: key })) : showTables());
  } catch (problem) {
    $("state").textContent = problem.message;
  }
}

$("span").addEventListener("submit", (submit) => {
  submit.preventDefault();
  location.assign(`/desk/insight${asQuery({ first: $("first").value, last: $("last").value })}`);
});
for (const preset of $("span").querySelectorAll("[data-days]")) {
  const first = dayBefore(Number(preset.dataset.days) - 1);
  if (first === days.first && days.last === dayBefore(0)) preset.setAttribute("aria-current", "true");
  preset.addEventListener("click", () => location.assign(`/desk/insight${asQuery({ first, last: dayBefore(0) })}`));
}
show();
