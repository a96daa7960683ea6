// Charts of what goes with time, drawn by uPlot (MIT, beside this file); the table beneath says the same in numbers.
import uPlot from "./uplot/uPlot.js";
import { labelOf, shownValue } from "./figures.js";
import { say, words } from "./page.js";

const HEIGHT = 180; // pixels
const BY_DAY = ["days", "tone"];

export function drawChart(section, { name, unit, rows }) {
  const place = section.querySelector(".chart");
  if (!(BY_DAY.includes(name) || name === "hours") || rows.length < 2) return place.remove();
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", say(words.chart_of, { name: words.tables[name] ?? name }));
  const byDay = BY_DAY.includes(name);
  const along = rows.map(({ key }, number) => (byDay ? Date.parse(`${key}T00:00`) / 1000 : number));
  const values = rows.map(({ value, of }) => (unit === "conversations" ? of : value));
  const chart = new uPlot(options(place, { name, unit, rows, byDay }), [along, values], place);
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
  return undefined;
}

function options(place, { name, unit, rows, byDay }) {
  const colour = (token) => () => getComputedStyle(place).getPropertyValue(token);
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const hours = { values: (_, marks) => marks.map((mark) => (rows[mark] ? labelOf(name, rows[mark]) : "")) };
  const days = { values: (_, marks) => marks.map((mark) => day.format(mark * 1000)), space: 60 };
  const numbers = { values: (_, marks) => marks.map((mark) => shownValue(unit, mark)), size: 56 };
  const whole = unit === "conversations" ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] } : {};
  const line = { fill: colour("--tint"), width: 2 };
  const bars = { fill: colour("--accent"), width: 0, paths: uPlot.paths.bars({ size: [0.7, 40], radius: 0.12 }) };
  return {
    width: place.clientWidth || 300,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: byDay, range: margin }, y: { range: (_, __, most) => [0, most || 1] } },
    axes: [{ ...axis, ...(byDay ? days : hours), grid: { show: false }, size: 30 }, { ...axis, ...numbers, ...whole }],
    series: [{}, { stroke: colour("--accent"), points: { show: false }, ...(unit === "share" ? line : bars) }],
  };
}

// Half a bar of room at both ends.
function margin(chart, least, most) {
  const step = (most - least) / Math.max(1, chart.data[0].length - 1);
  return [least - step * 0.6, most + step * 0.6];
}

const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short" });
