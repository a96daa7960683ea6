// Whether somebody is at the desk now: asked while a customer waits, and again when that changes.
const LONGEST = 3600000; // ms; a timer of many days would fire at once

export class Hours {
  known = false;
  closed = ""; // what is said of it while nobody is there
  #watches = false;
  #timer = 0;

  // `changed()` is called when there may be something else to say.
  constructor(words, language, changed) {
    Object.assign(this, { words, language, changed });
  }

  watch() {
    if (this.#watches) return;
    this.#watches = true;
    this.#look();
  }

  rest() {
    clearTimeout(this.#timer);
    this.#watches = false;
  }

  async #look() {
    const { open, changes = 0 } = await asked();
    if (!this.#watches) return;
    this.known = true;
    this.closed = open ? "" : this.words.closed(changes ? this.#when(new Date(changes * 1000)) : "");
    const left = changes ? changes * 1000 - Date.now() : LONGEST;
    this.#timer = setTimeout(() => this.#look(), Math.min(LONGEST, Math.max(1000, left + 500)));
    this.changed();
  }

  // By the customer's own clock, as short as it can be said.
  #when(date) {
    const days = Math.round((new Date(date).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
    const day = days === 0 ? {} : days < 7 ? { weekday: "short" } : { day: "numeric", month: "short" };
    const locale = navigator.language.startsWith(this.language) ? navigator.language : this.language;
    return new Intl.DateTimeFormat(locale, { ...day, hour: "2-digit", minute: "2-digit" }).format(date);
  }
}

// Where it cannot be asked, nobody is said to be away.
async function asked() {
  try {
    const answer = await fetch("/v1/desk");
    return answer.ok ? await answer.json() : { open: true };
  } catch {
    return { open: true };
  }
}
