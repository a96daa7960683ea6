// The one tag of a shop's page: <script src=".../widget.js" data-locale="en" data-identity="..." async></script>
// A button and a frame in a shadow root, so that neither page's styles reach the other.
(() => {
  "use strict";
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const locale = script.dataset.locale || navigator.language || "en";
  const identity = script.dataset.identity || "";
  const OPEN = "shopdesk:open";
  const KEPT = /^shopdesk:(conversation|outbox):/; // what the frame may keep here where its own storage is blocked

  const STYLE = `
    :host { all: initial; --accent: #1c5c4d; --on-accent: #fff; position: fixed; inset: auto 0 0 auto; z-index: 2147483000; }
    button { position: fixed; right: max(20px, env(safe-area-inset-right)); bottom: max(20px, env(safe-area-inset-bottom));
      width: 60px; height: 60px; border: 0; border-radius: 50%; padding: 0; cursor: pointer; color: var(--on-accent);
      background: var(--accent); box-shadow: 0 1px 2px #0003, 0 8px 24px #0a2a2240; transition: transform .18s, box-shadow .18s; }
    button:hover { transform: translateY(-2px); box-shadow: 0 2px 4px #0003, 0 12px 32px #0a2a2255; }
    button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px var(--accent); }
    svg { width: 27px; height: 27px; display: block; margin: auto; fill: none; stroke: currentColor; stroke-width: 1.8;
      stroke-linecap: round; stroke-linejoin: round; }
    button .shut, button[aria-expanded=true] .talk { display: none; }
    button[aria-expanded=true] .shut { display: block; }
    .badge { position: absolute; top: -2px; right: -2px; min-width: 20px; height: 20px; border-radius: 10px; padding: 0 5px;
      box-sizing: border-box; background: #b3261e; color: #fff; font: 600 12px/20px system-ui, sans-serif; }
    iframe { position: fixed; right: max(20px, env(safe-area-inset-right)); bottom: 96px; width: 400px;
      height: min(660px, calc(100dvh - 120px)); border: 0; border-radius: 18px; background: #fbfaf7; color-scheme: light dark;
      box-shadow: 0 0 0 1px #0000000f, 0 2px 6px #0000001a, 0 24px 64px #00000038; }
    iframe.rise { animation: rise .22s cubic-bezier(.2,.8,.2,1); }
    [hidden] { display: none; }
    @keyframes rise { from { opacity: 0; transform: translateY(14px) } }
    @media (prefers-color-scheme: dark) { :host { --accent: #7fd3bb; --on-accent: #0c201a } iframe { background: #141a1a } }
    @media (max-width: 520px) {
      iframe { inset: 0; width: 100%; height: 100dvh; border-radius: 0; }
      button[aria-expanded=true] { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
  `;

  const place = document.createElement("div");
  place.id = "shopdesk";
  const root = place.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet(); // works under a page's own style-src
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.setAttribute("aria-expanded", "false");
  launcher.append(
    picture("talk", "M21 11.5a8 8 0 0 1-8 8H4l1.6-3.2A8 8 0 1 1 21 11.5ZM9 10h7M9 13.5h4.5"),
    picture("shut", "M6 9.5l6 6 6-6"),
  );
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.setAttribute("aria-hidden", "true");
  badge.hidden = true;
  launcher.append(badge);

  let frame = null;
  let words = {};
  let started = false;
  let wantsFocus = false;

  function picture(name, path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", name);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }

  function load() {
    frame = document.createElement("iframe");
    frame.src = `${home}/widget?locale=${encodeURIComponent(locale)}`;
    frame.title = words.frame || "Chat";
    frame.allow = "clipboard-write";
    root.prepend(frame);
  }

  function tell(what, details = {}) {
    frame.contentWindow.postMessage({ shopdesk: what, ...details }, home);
  }

  function open(focus) {
    if (!frame) load();
    frame.hidden = false;
    frame.className = focus ? "rise" : "";
    launcher.setAttribute("aria-expanded", "true");
    name(0);
    remember("1");
    wantsFocus = focus;
    if (focus) frame.focus();
    if (started) tell("opened", { focus });
  }

  function close() {
    frame.hidden = true;
    launcher.setAttribute("aria-expanded", "false");
    remember("");
    if (started) tell("closed");
    launcher.focus();
  }

  function name(unread) {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : String(unread);
    launcher.setAttribute("aria-label", (unread ? words.launcherUnread : words.launcher) || "Chat");
  }

  function remember(state) {
    try {
      sessionStorage.setItem(OPEN, state);
    } catch {
      // the chat is closed on the next page, that is all
    }
  }

  function wasOpen() {
    try {
      return sessionStorage.getItem(OPEN) === "1" && innerWidth > 520;
    } catch {
      return false;
    }
  }

  function kept() {
    try {
      const keys = Object.keys(sessionStorage).filter((key) => KEPT.test(key));
      return Object.fromEntries(keys.map((key) => [key, JSON.parse(sessionStorage.getItem(key))]));
    } catch {
      return {};
    }
  }

  function keep(key, value) {
    if (!KEPT.test(key)) return;
    try {
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // the conversation ends with this page, that is all
    }
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== home) return;
    if (data.shopdesk === "ready") tell("start", data.blocked ? { identity, kept: kept() } : { identity });
    if (data.shopdesk === "keep") keep(data.key, data.value);
    if (data.shopdesk === "started") {
      started = true;
      if (!frame.hidden) tell("opened", { focus: wantsFocus });
    }
    if (data.shopdesk === "close") close();
    if (data.shopdesk === "unread" && frame.hidden) name(data.count);
  });
  launcher.addEventListener("click", () => (frame && !frame.hidden ? close() : open(true)));
  addEventListener("click", (click) => {
    if (!launcher.isConnected || !click.target.closest?.('a[href="#shopdesk"]')) return;
    click.preventDefault();
    open(true);
  });
  addEventListener("keydown", (key) => key.key === "Escape" && frame && !frame.hidden && close());

  async function start() {
    const language = locale.toLowerCase().split("-")[0];
    const ask = (code) => import(`${home}/static/widget/words/${code}.js`);
    try {
      words = (await ask(language).catch(() => ask("en"))).default; // given to our sites only, as is the frame
    } catch {
      console.error(`Shopdesk: no chat on this page. List ${location.origin} in SHOPDESK_ORIGINS of the server at ${home}, if it runs.`);
      return;
    }
    name(0);
    root.append(launcher);
    document.body.append(place);
    if (wasOpen()) open(false);
  }
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
