// Once the session is over: signs in again over the page, so that nothing is lost of what was being written on it.
import { $, me, say, words } from "./page.js";

// Resolves when they are in again.
export function signIn() {
  const dialog = $("signed-out");
  const form = dialog.querySelector("form");
  return new Promise((done) => {
    const stay = (cancel) => cancel.preventDefault(); // nothing works behind it
    const reopen = () => dialog.showModal(); // browsers let who presses Escape twice have their way
    async function submit(happening) {
      happening.preventDefault();
      const problem = await tried($("password-again").value);
      warn(problem);
      if (problem) return $("password-again").select();
      dialog.removeEventListener("cancel", stay);
      dialog.removeEventListener("close", reopen);
      form.removeEventListener("submit", submit);
      dialog.close();
      return done();
    }
    dialog.addEventListener("cancel", stay);
    dialog.addEventListener("close", reopen);
    form.addEventListener("submit", submit);
    $("password-again").value = "";
    warn("");
    dialog.showModal();
  });
}

// By the same form as at the door. Returns what is wrong, "" for nothing.
async function tried(password) {
  try {
    const body = new URLSearchParams({ login: me.login, password });
    const answer = await fetch("/desk/sign-in", { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") return "";
    if (answer.status === 401) return words.refused;
    return answer.status === 429 ? say(words.too_often, { wait: answer.headers.get("Retry-After") }) : words.failed;
  } catch {
    return words.failed;
  }
}

function warn(text) {
  const place = $("signed-out").querySelector(".warning");
  place.textContent = text;
  place.hidden = !text;
}
