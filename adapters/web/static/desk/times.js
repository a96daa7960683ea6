// Times as people say them. The server's clock counts: a wait must not depend on how this machine's is set.
import { language, say, words } from "./page.js";

let ahead = 0; // seconds by which the server's clock is ahead of ours
const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short" });
const long = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export function setClock(now) {
  ahead = now - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + ahead;
}

export function waited(seconds) {
  const { times } = words;
  if (seconds < 60) return times.now;
  return span(seconds);
}

// A length of time, in seconds.
export function span(seconds) {
  const { times } = words;
  if (seconds < 60) return say(times.seconds, { n: Math.round(seconds) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return say(times.minutes, { n: minutes });
  if (minutes < 10 * 60 && minutes % 60) return say(times.hours_minutes, { h: Math.floor(minutes / 60), m: minutes % 60 });
  if (minutes < 48 * 60) return say(times.hours, { n: Math.floor(minutes / 60) });
  return say(times.days, { n: Math.floor(minutes / 1440) });
}

export const clock = (seconds) => hour.format(seconds * 1000);
export const moment = (seconds) => long.format(seconds * 1000);

export function day(seconds) {
  const that = new Date(seconds * 1000).toDateString();
  if (that === new Date(now() * 1000).toDateString()) return words.times.today;
  if (that === new Date((now() - 86400) * 1000).toDateString()) return words.times.yesterday;
  return date.format(seconds * 1000);
}

// When an event happened is written in its id: "1795330220123-0".
export const secondsOf = (event) => Number(event.split("-")[0]) / 1000;
