// The member's menu closes as menus do: at Escape, at a click elsewhere, and when the focus has gone.
const menu = document.getElementById("menu");
document.querySelector("#pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone

function shut(focus) {
  if (!menu.open) return;
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

menu?.addEventListener("keydown", (key) => {
  if (key.key !== "Escape" || !menu.open) return;
  key.preventDefault();
  shut(true);
});
menu?.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && shut(false));
menu?.addEventListener("click", ({ target }) => target.closest("button[type=button]") && shut(true));
addEventListener("click", ({ target }) => menu && !menu.contains(target) && shut(false));
