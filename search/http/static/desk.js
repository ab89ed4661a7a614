// The desk: the chart is dragged over to zoom, what is folded stays folded, and beside the list the row that one is on is told.
const root = document.documentElement;
const base = root.dataset.base;
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const keep = (name, value) => {
  document.cookie = `${name}=${value}; path=${base || "/"}; max-age=${value ? 31536000 : 0}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
};

// The chart: from the first bar that is dragged over to the last. A click on a bar follows its link.
let brushing = new AbortController();
function wireBrush(svg) {
  // Of the chart that was there before nothing is heard any more.
  brushing.abort();
  brushing = new AbortController();
  const { signal } = brushing;
  const bars = all("a[data-since]", svg);
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  mark.setAttribute("class", "brushed");
  let from = null;
  let until = 0;
  const barAt = (x) => {
    const box = svg.getBoundingClientRect();
    return Math.min(Math.max(Math.floor(((x - box.left) / box.width) * bars.length), 0), bars.length - 1);
  };
  const span = () => [Math.min(barAt(from), barAt(until)), Math.max(barAt(from), barAt(until))];
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = until = event.clientX;
  });
  addEventListener("pointermove", (event) => {
    if (from === null || (Math.abs(event.clientX - from) < 5 && !mark.isConnected)) return;
    until = event.clientX;
    const [first, last] = span();
    mark.setAttribute("x", `${(first * 100) / bars.length}%`);
    mark.setAttribute("width", `${((last + 1 - first) * 100) / bars.length}%`);
    mark.setAttribute("y", "0");
    mark.setAttribute("height", "64");
    svg.append(mark);
  }, { signal });
  addEventListener("pointerup", () => {
    if (from === null) return;
    const dragged = mark.isConnected;
    const [first, last] = span();
    from = null;
    if (!dragged) return;
    // The click that ends a drag is none on a bar.
    addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => mark.remove(), 0);
    const asked = new URLSearchParams(location.search);
    for (const name of ["cursor", "tz"]) asked.delete(name);
    asked.set("since", bars[first].dataset.since);
    asked.set("until", bars[last].dataset.until);
    location.search = asked;
  }, { signal });
  addEventListener("keydown", (event) => { if (event.key === "Escape") { from = null; mark.remove(); } }, { signal });
}

// What is folded away stays so.
function wireFolds(within = document) {
  for (const one of all("details[data-kept]", within)) one.addEventListener("toggle", () => keep(one.dataset.kept, one.open ? "" : "folded"));
}
// What opens over the page closes when one goes elsewhere.
function wirePops() {
  document.addEventListener("pointerdown", (event) => {
    for (const one of all("details.choose[open]")) if (!one.contains(event.target)) one.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && find("details.choose[open]");
    if (open) { open.open = false; find("summary", open).focus(); }
  });
}

// The panel: on a wide screen it tells the row that has the focus or was clicked. Its links lead where the row's do.
const panel = document.getElementById("side");
const wide = matchMedia("(min-width: 1200px)");
let asking = null;
let waiting = 0;
function here(row) {
  for (const one of all("tr.here")) one.classList.remove("here");
  row?.classList.add("here");
  rove();
}
// Of all rows only the one that one is on is in the way of Tab; j and k go to the others.
function rove() {
  if (localStorage.getItem("keys") === "off") return;
  const current = find("tr.here") ?? find("#rows > tr");
  for (const row of all("#rows > tr")) for (const link of all("a", row)) link.tabIndex = row === current ? 0 : -1;
}
async function tell(row) {
  asking?.abort();
  asking = new AbortController();
  const link = find("a.arrow", row);
  try {
    const answer = await fetch(`${base}/trace/${row.dataset.id}/side`, { headers: { "hx-request": "true" }, signal: asking.signal });
    // Whoever is not signed in any more is sent to the page for that.
    if (answer.redirected) { location.reload(); return; }
    if (!answer.ok) { panel.hidden = true; return; }
    panel.innerHTML = await answer.text();
  } catch { return; }
  find("[data-open]", panel).href = link.href;
  panel.dataset.id = row.dataset.id;
  panel.hidden = false;
  root.classList.add("beside");
  document.dispatchEvent(new CustomEvent("added", { detail: { words: `${find("h2", panel).textContent.trim()}. ${find(".side-summary", panel).textContent.trim()}` } }));
}
function select(row, delay) {
  here(row);
  clearTimeout(waiting);
  if (!panel || !wide.matches || panel.dataset.id === row.dataset.id) return;
  waiting = setTimeout(() => tell(row), delay);
}
function closePanel() {
  const row = find("tr.here");
  asking?.abort();
  clearTimeout(waiting);
  panel.hidden = true;
  panel.replaceChildren();
  delete panel.dataset.id;
  root.classList.remove("beside");
  if (row) find("a.arrow", row)?.focus({ preventScroll: true });
  clearTimeout(waiting);
}
function wirePanel() {
  const rows = document.getElementById("rows");
  if (!panel || !rows) return;
  rows.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr");
    // The mouse that follows a link means the link.
    if (row && event.target.matches(":focus-visible")) select(row, 120);
  });
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row || event.target.closest("a") || String(getSelection())) return;
    find("a.arrow", row).focus({ preventScroll: true });
    select(row, 0);
  });
  panel.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) closePanel(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden && !find("details.choose[open], dialog[open]")) closePanel();
  });
  document.addEventListener("htmx:after:swap", rove);
  rove();
}

// New rows come by themselves: at the top, or behind a word where one has scrolled away from there.
const list = find(".list[data-live]");
const MOST_NEW = 1000;
let stream = null;
let came = 0;
let pending = [];
const later = document.createElement("button");
function newest() {
  return all("#rows > tr").reduce((best, row) => (row.dataset.id > best ? row.dataset.id : best), "");
}
function put(rows) {
  const body = document.getElementById("rows");
  for (const { id, row } of rows) {
    if (all("tr", body).some((one) => one.dataset.id === id)) continue;
    const made = document.createElement("tbody");
    made.innerHTML = row;
    const line = find("tr", made);
    line.classList.add("new");
    // Ids sort in time.
    body.insertBefore(line, all("tr", body).find((one) => one.dataset.id < id) ?? null);
  }
  const shown = find("[data-shown]");
  if (shown) shown.textContent = written(all("tr", body).length);
  rove();
}
function isAway() { return (find("#rows > tr")?.getBoundingClientRect().top ?? 0) < (find("header.top")?.offsetHeight ?? 0); }
function showLater() {
  later.hidden = pending.length === 0;
  later.textContent = phrase("{count} new", { count: pending.length });
}
function take(event) {
  const row = JSON.parse(event.data);
  came += 1;
  if (came > MOST_NEW) { later.hidden = false; later.textContent = phrase("More than {number} new", { number: MOST_NEW }); stop(); return; }
  if (isAway()) { pending.push(row); showLater(); } else put([row]);
  announce();
  recount();
}
// The sentence and the chart count what came, a little later and not for each row.
const RECOUNT_MS = 3000;
let counting = 0;
function recount() {
  if (!counting) counting = setTimeout(takeCounts, RECOUNT_MS);
}
async function takeCounts() {
  const before = came;
  const answer = await fetch(`${base}/trace/counted${location.search}`, { headers: { "hx-request": "true" } }).catch(() => null);
  counting = 0;
  if (!answer?.ok || answer.redirected) return;
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  find(".folded h2").innerHTML = find("h2", made.content).innerHTML;
  for (const one of all(".below [data-total]")) one.textContent = find("[data-total]", made.content).textContent;
  const [chart, next] = [find("section.chart"), find("section.chart", made.content)];
  // Whoever drags over it, or is in its table, goes on with the one that is there.
  if (chart && next && !find(".brushed", chart) && !chart.contains(document.activeElement)) {
    for (const [at, folded] of all("details", chart).entries()) all("details", next)[at].open = folded.open;
    chart.replaceWith(next);
    all("[data-brush]", next).forEach(wireBrush);
    wireFolds(next);
  }
  // What came while it was counted is counted next time.
  if (came > before) recount();
}
let told = 0;
function announce() {
  clearTimeout(told);
  told = setTimeout(() => document.dispatchEvent(new CustomEvent("added", { detail: { words: phrase("{count} new messages", { count: came }) } })), 1000);
}
function stop() { stream?.close(); stream = null; }
function start() {
  if (stream || document.hidden || localStorage.getItem("live") === "off") return;
  const asked = new URLSearchParams(location.search);
  asked.set("after", [newest(), ...pending.map((one) => one.id)].sort().at(-1));
  stream = new EventSource(`${base}/trace/live?${asked}`);
  stream.addEventListener("trace", take);
}
function wireLive() {
  if (!list) return;
  const button = find("[data-live-switch]");
  const show = () => button.setAttribute("aria-pressed", String(localStorage.getItem("live") !== "off"));
  later.type = "button";
  later.className = "button primary later";
  later.hidden = true;
  list.before(later);
  later.addEventListener("click", () => {
    if (came > MOST_NEW) { location.reload(); return; }
    put(pending);
    pending = [];
    showLater();
    document.getElementById("results").scrollIntoView();
    find("#rows > tr a.arrow")?.focus({ preventScroll: true });
  });
  button.hidden = false;
  button.addEventListener("click", () => {
    const off = button.getAttribute("aria-pressed") === "true";
    localStorage.setItem("live", off ? "off" : "on");
    show();
    if (off) stop(); else start();
  });
  // A browser has few connections to one host: a page that is not seen holds none.
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else start(); });
  addEventListener("pagehide", stop);
  show();
  start();
}

all("[data-brush]").forEach(wireBrush);
wirePanel();
wireLive();
wireFolds();
wirePops();
