// Adds live updates, keyboard shortcuts and drafts; the pages work without it.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

function notice(text) {
  const place = one("#notice");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => place.classList.remove("shown"), 2500);
}

/* Times, in the reader's time zone. */

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const otherDay = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const inFull = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function showTimes(within) {
  const now = new Date();
  for (const time of all("time", within)) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = inFull.format(moment);
    if (time.textContent.endsWith("ago") || time.textContent === "just now") continue;
    const format = moment.toDateString() === now.toDateString() ? sameDay : moment.getFullYear() === now.getFullYear() ? otherDay : otherYear;
    time.textContent = format.format(moment);
  }
}

/* The words of a search, marked where they are shown. */

function findRanges(place, pattern) {
  const ranges = [];
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const found of texts.currentNode.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(texts.currentNode, found.index);
      range.setEnd(texts.currentNode, found.index + found[0].length);
      ranges.push(range);
    }
  }
  return ranges;
}

function markFound() {
  const words = (new URLSearchParams(location.search).get("q") ?? "").match(/[\p{L}\p{N}]+/gu);
  if (!words || !globalThis.Highlight) return;
  const ends = words.map((word) => (word.length < 3 ? `${word}(?![\\p{L}\\p{N}])` : word));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${ends.join("|")})`, "giu");
  const ranges = all(".row-input, .row-output, .row-main, .failure").flatMap((place) => findRanges(place, pattern));
  CSS.highlights.set("found", new Highlight(...ranges));
}

/* Parts of a page that load later, and parts that are refreshed. */

async function fetchPart(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.status === 204 || !answer.ok) return null;
  const part = document.createElement("template");
  part.innerHTML = await answer.text();
  showTimes(part.content);
  return part.content;
}

async function load(place) {
  try {
    const part = await fetchPart(place.dataset.load);
    if (part) place.replaceChildren(part);
  } catch { /* The page is whole without it. */ }
  place.classList.add("loaded");
}

function refresh(place, part) {
  const known = new Set(all("[data-id]", place).map((row) => row.dataset.id));
  const focused = place.contains(document.activeElement) ? document.activeElement.closest("[data-id]")?.dataset.id : null;
  place.replaceChildren(part);
  for (const row of all("[data-id]", place)) {
    if (known.size && !known.has(row.dataset.id)) row.classList.add("fresh");
    if (row.dataset.id === focused) linkOf(row)?.focus({ preventScroll: true });
  }
  showCurrent();
  showMarks();
  markFound();
}

function keepFresh(place) {
  const pace = Number(place.dataset.pace);
  const again = () => setTimeout(look, pace);
  async function look() {
    // Nothing is replaced under an open menu, or while something is being marked by mouse.
    if (document.hidden || one("details.menu[open]", place)) return again();
    try {
      const version = one("[data-version]", place)?.dataset.version ?? "";
      const address = new URL(place.dataset.live, location.href);
      if (version) address.searchParams.set("version", version);
      const part = await fetchPart(address);
      if (part && part.textContent !== place.textContent) refresh(place, part);
    } catch { /* The server is away; it may come back. */ }
    return again();
  }
  again();
}

/* A chart's note shows the interval under the pointer. */

function showInterval(event) {
  const chart = event.target.closest?.(".chart");
  for (const note of all(".chart-note[data-whole]")) {
    if (note.closest(".chart") === chart) continue;
    note.textContent = note.dataset.whole;
    delete note.dataset.whole;
  }
  const interval = event.target.closest?.(".chart svg a");
  if (!interval) return;
  const note = one(".chart-note", chart);
  note.dataset.whole ??= note.textContent;
  note.textContent = interval.getAttribute("aria-label");
}

document.addEventListener("pointerover", showInterval);
document.addEventListener("focusin", showInterval);

/* The table of rows: one is current, some may be marked. */

let current = null;
const rows = () => all("tr[data-row]");

function showCurrent() {
  for (const row of rows()) row.classList.toggle("current", current !== null && keyOf(row) === current);
}

const linkOf = (row) => one(".row-link", row) ?? one("a", row);
const keyOf = (row) => row.dataset.id ?? one("a", row)?.href ?? "";

function move(by) {
  const listed = rows();
  if (!listed.length) return;
  const at = listed.findIndex((row) => keyOf(row) === current);
  const next = listed[Math.min(Math.max(at === -1 ? (by > 0 ? 0 : listed.length - 1) : at + by, 0), listed.length - 1)];
  current = keyOf(next);
  showCurrent();
  next.scrollIntoView({ block: "nearest" });
  linkOf(next)?.focus({ preventScroll: true });
}

const currentRow = () => rows().find((row) => keyOf(row) === current);

/* Marks are kept for the session, so that rows of several pages can be marked. */

const MAX_COMPARED = 6;
const marksName = `marks:${location.pathname}`;
let marks = new Set();

function mark(id, on) {
  if (on) marks.add(id);
  else marks.delete(id);
  store(sessionStorage, marksName, [...marks]);
  showMarks();
}

function showMarks() {
  const form = one(".rows-form");
  if (!form) return;
  const boxes = all("input[type=checkbox][name=row]", form);
  for (const box of boxes) box.checked = marks.has(box.value);
  keepOtherMarks(form, new Set(boxes.map((box) => box.value)));
  form.classList.toggle("marking", marks.size > 0);
  one(".mark-bar .hint", form).textContent = `${marks.size} ${marks.size === 1 ? "row" : "rows"} marked`;
  follow("compare").disabled = marks.size < 2 || marks.size > MAX_COMPARED;
}

/* The marks of other pages are sent with the form, and so is the name for scores. */
function keepOtherMarks(form, shown) {
  all("input[type=hidden]", form).forEach((field) => field.remove());
  const fields = [...marks].filter((id) => !shown.has(id)).map((id) => ["row", id]);
  for (const [name, value] of [...fields, ["author", stored(localStorage, "author") ?? ""]]) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
}

function clearMarks() {
  marks.clear();
  store(sessionStorage, marksName, null);
  showMarks();
}

/* Keys. */

const step = (rel) => one(`a[rel=${rel}]`)?.click();
const follow = (key) => one(`[data-key=${key}]`);

const followFirst = (...names) => names.map(follow).find(Boolean);

const keys = {
  j: () => { const link = followFirst("queue-skip", "older"); return link ? link.click() : move(1); },
  k: () => { const link = followFirst("queue-previous", "newer"); return link ? link.click() : move(-1); },
  1: () => chooseScore("1"),
  2: () => chooseScore("0.5"),
  3: () => chooseScore("0"),
  0: () => chooseScore(""),
  o: () => follow("copy-output")?.click(),
  s: () => follow("save")?.click(),
  z: undo,
  r: () => follow("review")?.click(),
  Enter: () => one("form[data-queue]")?.requestSubmit(),
  ArrowDown: () => current !== null && move(1),
  ArrowUp: () => current !== null && move(-1),
  x: () => { const box = currentRow() && one("input[name=row]", currentRow()); if (box) mark(box.value, !box.checked); },
  c: () => { if (follow("comment")) return follow("comment").focus(); return followFirst("compare")?.click(); },
  "/": () => follow("search")?.focus(),
  e: () => follow("edit")?.focus(),
  "[": () => step("prev"),
  "]": () => step("next"),
  u: () => all(".trail a").at(-1)?.click(),
  t: () => actions.theme(),
  "?": () => actions.help(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form.review") ?? one("form.review");
    if (!form) return undefined;
    event.preventDefault();
    return form.requestSubmit();
  }
  const submits = typing && event.key === "Enter" ? one("button", event.target.closest(".mark-bar .popover") ?? document.createElement("div")) : null;
  if (submits) {
    event.preventDefault();
    return submits.click();
  }
  if (event.key === "Escape" && typing) return typing.blur();
  if (event.key === "Escape") return closeMenus(null);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return undefined;
  const act = keys[event.key];
  if (!act) return undefined;
  if (event.key.startsWith("Arrow") && current === null) return undefined;
  if (event.key === "Enter" && (event.target.closest("a, button, summary, input") || !one("form[data-queue]"))) return undefined;
  event.preventDefault();
  return act();
});

/* Buttons. */

const actions = {
  unmark: clearMarks,
  help: () => one("#help").showModal(),
  close: () => one("dialog[open]")?.close(),
  theme: () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* Only for this page, then. */ }
  },
};

function closeMenus(except) {
  for (const menu of all("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", async (event) => {
  closeMenus(event.target.closest("details.menu"));
  const button = event.target.closest("[data-action], [data-copy], [data-fill]");
  if (!button) return;
  if (button.dataset.action) actions[button.dataset.action]();
  if (button.dataset.fill !== undefined) {
    const area = one("textarea[name=expected_output]");
    area.value = button.dataset.fill;
    area.focus();
    keepDraft(area.form);
  }
  if (button.dataset.copy) {
    try {
      await navigator.clipboard.writeText(await (await fetch(button.dataset.copy)).text());
      notice("Copied");
    } catch { notice("The browser does not allow copying here"); }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  if (event.target.matches("input[type=checkbox][name=row]")) mark(event.target.value, event.target.checked);
  if (event.target.matches("[data-remember]")) store(localStorage, event.target.dataset.remember, event.target.value);
});

/* Reviews: drafts, so that nothing typed is lost, and undo. */

function store(storage, name, value) {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, JSON.stringify(value));
  } catch { /* Storage is full or not allowed. */ }
}

function stored(storage, name) {
  try { return JSON.parse(storage.getItem(name)); } catch { return null; }
}

const values = (form) => Object.fromEntries(new FormData(form));
const draftOf = (form) => `draft:${form.dataset.draft}`;
const keepDraft = (form) => store(localStorage, draftOf(form), values(form));

function fill(form, saved) {
  for (const field of all("input:not([type=hidden]), textarea", form)) {
    if (!(field.name in saved)) continue;
    if (field.type === "radio") field.checked = field.value === saved[field.name];
    else field.value = saved[field.name];
  }
}

/* The values that the server holds, which undo writes back. */
const savedValues = new WeakMap();

function openDraft(form) {
  const before = values(form);
  const mark = one("input[name=reviewed]", form);
  savedValues.set(form, mark ? { ...before, reviewed: mark.dataset.before } : before);
  for (const field of all("[data-remember]", form)) field.value ||= stored(localStorage, field.dataset.remember) ?? "";
  const draft = stored(localStorage, draftOf(form));
  if (draft) {
    fill(form, draft);
    notice("Unsaved changes were restored");
  }
  form.addEventListener("input", () => keepDraft(form));
}

function chooseScore(value) {
  const choice = one(`form.review input[name=score][value="${value}"]`);
  if (!choice) return;
  choice.checked = true;
  keepDraft(choice.form);
}

function rememberUndo(form) {
  store(sessionStorage, "undo", { action: form.action, values: savedValues.get(form), page: location.href, row: "queue" in form.dataset ? form.dataset.draft : null });
}

/* A form of the queue is saved when the next row of the queue is shown. */
function confirmSaved() {
  const saving = stored(sessionStorage, "saving");
  store(sessionStorage, "saving", null);
  if (!saving || !one(".queue-head")) return;
  store(localStorage, `draft:${saving}`, null);
  notice("Saved. Press z to undo.");
}

async function undo() {
  const last = stored(sessionStorage, "undo");
  if (!last) return notice("Nothing to undo");
  try {
    await fetch(last.action, { method: "POST", body: new URLSearchParams(last.values), redirect: "manual" });
  } catch { return notice("Not undone: the server does not answer"); }
  store(sessionStorage, "undo", null);
  const page = new URL(last.page);
  if (last.row) {
    page.searchParams.delete("after");
    page.searchParams.set("row", last.row);
  }
  return location.assign(page);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  // The form is sent with its marks first.
  if (event.submitter?.formMethod === "post" && form.matches(".rows-form")) setTimeout(clearMarks);
  if (form.matches("[data-queue]")) {
    rememberUndo(form);
    store(sessionStorage, "saving", form.dataset.draft);
    return;
  }
  if (!form.matches("[data-review]")) return;
  event.preventDefault();
  rememberUndo(form);
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
    const saved = answer.type === "opaqueredirect" || answer.ok;
    if (saved) store(localStorage, draftOf(form), null);
    notice(saved ? "Saved. Press z to undo." : "Not saved: is it JSON?");
  } catch { notice("Not saved: the server does not answer. Your text is kept in this browser."); }
});

showTimes(document);
markFound();
all("form[data-draft]").forEach(openDraft);
confirmSaved();
marks = new Set(stored(sessionStorage, marksName) ?? []);
showMarks();
all("[data-load]").forEach(load);
all("[data-live]").forEach(keepFresh);
