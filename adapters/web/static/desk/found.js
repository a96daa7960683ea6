// Conversations that were found: when, where, who said what; each leads to the whole of it.
import { isolated, linkTo, make } from "./elements.js";
import { words } from "./page.js";
import { moment } from "./times.js";

export function drawFound({ conversation, at, channel, language, by, excerpt }) {
  const item = make("li");
  const box = conversation ? linkTo(conversation, "", "hit") : make("div", "hit");
  const facts = make("span", "facts");
  const time = make("time", "", moment(Date.parse(at) / 1000));
  time.dateTime = at;
  const told = [words.channels[channel] ?? channel, words.languages[language] ?? language].filter(Boolean).join(" · ");
  facts.append(time, make("span", "", told));
  const said = make("span", "excerpt");
  if (by) said.append(make("span", "soft", `${words.found_by[by] ?? by}: `));
  said.append(isolated(excerpt));
  box.append(said, facts);
  item.append(box);
  return item;
}
