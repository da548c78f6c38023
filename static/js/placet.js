// What the pages do beyond plain links and forms. Every one of them works without this.

const page = document.documentElement;
const byId = (id) => document.getElementById(id);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const clockSkew = Date.parse(page.dataset.now) - Date.now() || 0;
const serverTime = () => Date.now() + clockSkew;

const say = (words, region = "say") => { byId(region).textContent = words; };

function changed() {
  // Bursts become one event; screens reload with hx-trigger="placet:changed from:body".
  changed.soon ??= setTimeout(() => {
    changed.soon = undefined;
    document.body.dispatchEvent(new CustomEvent("placet:changed"));
  }, 250);
}

// Theme and density: shown at once, stored by the same form that works without script.

document.addEventListener("submit", async (event) => {
  const { target: form, submitter: choice } = event;
  if (!form.matches("[data-preferences]") || !choice?.name) return;
  event.preventDefault();
  const body = new FormData(form, choice);
  page.dataset[choice.name] = choice.value;
  for (const button of all(`[name="${choice.name}"]`, form)) {
    button.setAttribute("aria-pressed", button === choice);
  }
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (!answer || answer.status >= 400) say("The choice could not be stored.", "say-now");
});

// Live: server-sent events, a poll every 5 s while they fail, and honest words for both.

const live = byId("live");
let source, polling, offlineSince;

function showLive() {
  const [state, words] = offlineSince ? ["offline", `Offline since ${offlineSince}`]
    : polling ? ["polling", "Polling every 5 s"] : ["live", "Live"];
  if (live.dataset.live !== state && state === "offline") say(`${words}: the list may be stale.`, "say-now");
  live.dataset.live = state;
  live.textContent = words;
}

function poll(on) {
  clearInterval(polling);
  polling = on ? setInterval(changed, 5000) : undefined;
  showLive();
}

function offline(yes) {
  if (!live || yes === Boolean(offlineSince)) return;
  offlineSince = yes ? new Date(serverTime()).toTimeString().slice(0, 5) : undefined;
  showLive();
}

function listen() {
  clearTimeout(listen.again);
  source?.close();
  source = new EventSource(live.dataset.url);
  source.onopen = () => { offlineSince = undefined; poll(false); changed(); };
  source.onmessage = changed;
  source.addEventListener("changed", changed);
  source.onerror = () => {
    if (!polling) poll(true);
    // A refused stream is not retried by the browser, so we do, now and then.
    if (source.readyState === EventSource.CLOSED) listen.again = setTimeout(listen, 30_000);
  };
}

if (live) {
  listen();
  addEventListener("offline", () => offline(true));
  addEventListener("online", () => { offline(false); listen(); });
  // A browser allows six streams per site, so a hidden tab gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return listen();
    source.close();
    clearTimeout(listen.again);
    clearInterval(polling);
    polling = undefined;
  });
}

// Countdowns, in the same steps as the server writes them.

function inWords(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  const amounts = days ? [[days, "d"], [hours % 24, "h"]] : hours ? [[hours, "h"], [minutes % 60, "min"]]
    : minutes ? [[minutes, "min"]] : [[Math.ceil(seconds), "s"]];
  return amounts.filter(([n]) => n).map(([n, unit]) => `${n}\u00a0${unit}`).join("\u00a0");
}

function countDown() {
  let hurry = false;
  for (const time of all("time[data-deadline]")) {
    const left = (Date.parse(time.dateTime) - serverTime()) / 1000;
    const before = Number(time.dataset.left ?? left);
    time.dataset.left = left;
    time.textContent = left > 0 ? inWords(left) + (time.dataset.after ?? "") : "Time is up.";
    time.closest(".due, .row-due")?.toggleAttribute("data-soon", left > 0 && left < 900);
    hurry ||= left > 0 && left < 61;
    if (left <= 0 && before > 0) changed();
    if (!("announce" in time.dataset)) continue;
    for (const [limit, words] of [[300, "5 minutes left."], [60, "1 minute left."], [0, "Time is up."]]) {
      if (before > limit && left <= limit) say(words);
    }
  }
  setTimeout(countDown, hurry ? 1000 : 10_000);
}
countDown();

// Keys press the control that carries data-key; they never act by themselves.

const SKID_MS = 400;
const TYPING = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";
const MOVES_NOTHING = "jko?/x.";
let movedAt = -Infinity, shownItem = itemOf(document.querySelector(".hand"));

function itemOf(element) {
  return element?.closest("[data-item]")?.dataset.item;
}

function currentRow() {
  return document.activeElement?.closest(".row") ?? document.querySelector(".row[data-current]");
}

function move(step) {
  const rows = all(".queue .row");
  const at = rows.indexOf(currentRow());
  const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  if (!row) return press(step > 0 ? "j" : "k");
  if (row === rows[at] && row.contains(document.activeElement)) return;
  movedAt = performance.now();
  for (const other of rows) other.toggleAttribute("data-current", other === row);
  row.querySelector(".row-effect").focus();
  row.dispatchEvent(new CustomEvent("placet:focus", { bubbles: true }));
}

function press(key) {
  const row = currentRow();
  const within = document.querySelector("dialog:modal") ?? document;
  const visible = all(`[data-key="${CSS.escape(key)}"]`, within).filter((control) => control.checkVisibility());
  const control = visible.find((candidate) => row?.contains(candidate)) ?? visible.find((candidate) => !candidate.closest(".row"));
  if (!control) return false;
  if (control.matches("input:not([type=checkbox]), textarea")) return control.focus(), true;
  if (control.getAttribute("aria-disabled") === "true") {
    control.focus({ preventScroll: true });
    say(byId(control.getAttribute("aria-describedby"))?.textContent ?? "Not allowed.");
    return true;
  }
  const decides = !MOVES_NOTHING.includes(key);
  const other = row?.dataset.item && itemOf(control) && itemOf(control) !== row.dataset.item;
  if (decides && (other || document.querySelector("main .htmx-request:not([data-asks]), main [data-sent]") || performance.now() - movedAt < SKID_MS)) return true;
  if (control.matches("summary")) control.focus({ preventScroll: true });
  control.click();
  return true;
}

function escape() {
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return press("esc");
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

const keysOn = byId("keys-on");
if (keysOn) {
  keysOn.checked = localStorage.getItem("placet.keys") !== "off";
  keysOn.addEventListener("change", () => localStorage.setItem("placet.keys", keysOn.checked ? "on" : "off"));
}

function answer(event) {
  const { target } = event;
  const key = event.shiftKey || event.key.length > 1 ? event.key : event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "Enter") return press("ctrl+enter");
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (key === "Escape") return !document.querySelector("dialog:modal") && !target.closest(TYPING) && escape();
  if (target.closest(TYPING) || keysOn?.checked === false || key.length > 1 && !key.startsWith("Arrow")) return false;
  if (document.querySelector("dialog:modal")) return press(key);
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1), true;
  if (key.startsWith("Arrow")) return target.closest(".queue") && /Up|Down/.test(key) && (move(key === "ArrowDown" ? 1 : -1), true);
  if (key === "?") return byId("help")?.showModal(), true;
  if (key === "o" && currentRow()) return currentRow().querySelector(".row-effect").click(), true;
  return press(key);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.isComposing) return;
  if (answer(event)) event.preventDefault();
});

document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented && target.method === "post") target.toggleAttribute("data-sent", true);
});
addEventListener("pageshow", () => all("[data-sent]").forEach((form) => form.removeAttribute("data-sent")));

document.addEventListener("click", ({ target }) => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  const opener = target.closest("[data-opens]");
  if (opener) byId(opener.dataset.opens).showModal();
});
all("[data-opens]").forEach((opener) => { opener.hidden = false; });

// After a swap the focus goes to a named place, never back to the top of the page.

let held;
document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const focus = document.activeElement;
  held = target.contains(focus) && {
    id: focus.id, key: focus.dataset.key, item: itemOf(focus), place: all(".queue .row").indexOf(focus.closest(".row")),
  };
});

document.body.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  const item = itemOf(document.querySelector(".hand"));
  if (item !== shownItem) [shownItem, movedAt] = [item, performance.now()];
  const asked = elt.matches("[data-focus]") ? elt : elt.querySelector("[data-focus]");
  if (!asked && (!held || document.activeElement !== document.body)) return;
  const rows = all(".queue .row");
  const row = held?.place >= 0 ? rows.find((each) => each.dataset.item === held.item) ?? rows[Math.min(held.place, rows.length - 1)] : undefined;
  const place = asked ?? byId(held.id) ?? row?.querySelector(".row-effect") ?? elt.querySelector(`[data-key="${held.key}"], h1, h2`) ?? byId("main");
  if (!place.matches("a, button, input, select, textarea, summary")) place.tabIndex = -1;
  place.focus();
  held = undefined;
});

// A request that failed leaves the page as it was, and says so.

for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, ({ detail: { xhr } }) => {
    const name = xhr.status && xhr.getResponseHeader("X-Request-Id");
    if (!xhr.status) offline(true);
    byId("trouble").querySelector("p").textContent = xhr.status
      ? `The server refused (${xhr.status}). What you see is from before.${name ? ` Request ${name}` : ""}`
      : "The server could not be reached. What you see may be stale; the server has the last word.";
    byId("trouble").hidden = false;
  });
}
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) return;
  offline(false);
  byId("trouble").hidden = true;
});
