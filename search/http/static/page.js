// What is better with script: copying, the reader's zone, keys. Everything else works without.
const root = document.documentElement;
const live = document.getElementById("live");
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
let silence = 0;
// Said to a screen reader, and shown, unless it is plain to see anyway.
function say(words, shown = true) {
  clearTimeout(silence);
  live.classList.toggle("unseen", !shown);
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = words; });
  silence = setTimeout(() => { live.textContent = ""; }, 8000);
}
const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

// Zone: taken from the browser once, where none was chosen.
function takeZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (cookie("zone") || !zone) return;
  const path = root.dataset.base || "/";
  document.cookie = `zone=${zone}; path=${path}; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  if (cookie("zone") && zone !== root.dataset.zone && find("header.top")) location.reload();
}

// Copying: its buttons are shown where it can be done, also those that come later.
function showButtons() {
  for (const button of all("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const button of all("[data-print]")) button.hidden = false;
}
async function copy(button) {
  const label = find("span", button);
  const words = label.textContent;
  const target = button.dataset.copy;
  const text = target === "link" ? location.origin + location.pathname : target === "address" ? location.href : document.getElementById(target).textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = phrase("Copied");
    say(phrase("Copied"), false);
  } catch {
    say(phrase("It could not be copied. Select the text and copy it."));
  }
  setTimeout(() => { label.textContent = words; }, 2000);
}
function wireCopies() {
  showButtons();
  document.addEventListener("added", (event) => { showButtons(); if (event.detail?.words) say(event.detail.words, false); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
    else if (event.target.closest?.("[data-print]")) window.print();
  });
}

// Keys: never inside fields, never with a modifier, and they can be switched off.
const keysOff = () => localStorage.getItem("keys") === "off";
function move(step) {
  const links = all("a.arrow");
  const row = document.activeElement.closest("tr") ?? find("tr.here");
  const at = links.findIndex((one) => row?.contains(one));
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}
function focusFirst() {
  const folded = find(".folded");
  if (folded) folded.open = true;
  (find("[data-first]") ?? all(".search .wide input").find((one) => one.offsetParent))?.focus();
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [contenteditable]") || keysOff()) return;
  if (event.key === "/") { event.preventDefault(); focusFirst(); }
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "u") (find(".back a") ?? { click: () => history.back() }).click();
  else if (event.key === "?") find("#keys-help")?.showModal();
}
function wireKeys() {
  document.addEventListener("keydown", onKey);
  const box = find("[data-keys]");
  if (!box) return;
  box.closest("fieldset").hidden = false;
  box.checked = !keysOff();
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
}
// Coming back, the row that was opened last has the focus.
function rememberRow() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.arrow");
    if (link) sessionStorage.setItem("row", new URL(link.href).pathname);
  });
  const row = sessionStorage.getItem("row");
  const link = row && document.referrer.includes(row) && all("a.arrow").find((one) => new URL(one.href).pathname === row);
  if (link) link.focus();
}

// What htmx brings
function wireParts() {
  document.addEventListener("htmx:after:swap", () => {
    const shown = find("[data-shown]");
    const rows = all("#rows > tr").length;
    if (shown && rows) { shown.textContent = written(rows); }
    const count = find("#domains .below, #errors .below");
    if (count) say(count.textContent.trim(), false);
  });
  for (const name of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(name, () => say(phrase("That did not work. The page is as it was; try again.")));
  }
  for (const form of all("form.search")) {
    form.addEventListener("submit", () => {
      const button = find("[data-busy]", form);
      button.setAttribute("aria-busy", "true");
      setTimeout(() => { find("span", button).textContent = button.dataset.busy; say(button.dataset.busy, false); }, 300);
    });
  }
  addEventListener("pageshow", (event) => { if (event.persisted && find("[aria-busy]")) location.reload(); });
}

takeZone();
wireCopies();
wireKeys();
wireParts();
rememberRow();
document.getElementById("flaw")?.focus();
