// A new password: every session is over then, this one too.
import { post } from "./api.js";
import "./menu.js";
import { $, words } from "./page.js";

const warning = $("change").querySelector(".warning");

function warn(text) {
  warning.textContent = text;
  warning.hidden = !text;
}

$("change").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  if ($("new").value !== $("again").value) return warn(words.password_differs);
  try {
    await post("password", { old: $("old").value, new: $("new").value });
  } catch (problem) {
    return warn(problem.message);
  }
  return location.assign("/desk/sign-in?next=/desk");
});
