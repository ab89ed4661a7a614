// What is better with script: the chart from its table, copying, the reader's zone, keys. Everything else works without.
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

// Copying
function wireCopies() {
  for (const button of all("[data-copy]")) {
    const label = find("span", button);
    const words = label.textContent;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const target = button.dataset.copy;
      const text = target === "link" ? location.origin + location.pathname : document.getElementById(target).textContent.trim();
      try {
        await navigator.clipboard.writeText(text);
        label.textContent = "Copied";
        say("Copied", false);
      } catch {
        say("It could not be copied. Select the text and copy it.");
      }
      setTimeout(() => { label.textContent = words; }, 2000);
    });
  }
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

// Chart: one source of numbers, the table.
let chart = null;
function numbers() {
  const heads = all("#counts thead th[data-tone]");
  const rows = all("#counts tbody tr");
  const count = (cell) => Number(cell.textContent.replace(/\D/g, ""));
  const colours = Object.fromEntries(all(".legend [data-tone]").map((one) => [one.dataset.tone, getComputedStyle(one).backgroundColor]));
  const surface = getComputedStyle(find(".chart")).backgroundColor;
  return {
    labels: rows.map((row) => row.dataset.label),
    titles: rows.map((row) => find("th", row).textContent),
    datasets: heads.map((head, at) => ({
      label: head.textContent,
      data: rows.map((row) => count(row.cells[at + 1])),
      backgroundColor: colours[head.dataset.tone],
      borderColor: surface,
      borderWidth: { top: 1 },
      maxBarThickness: 44,
      categoryPercentage: 0.92,
      barPercentage: 0.92,
    })),
  };
}
function draw() {
  const table = document.getElementById("counts");
  if (!table || !window.Chart) return;
  const plot = find(".plot");
  plot.hidden = false;
  const { labels, titles, datasets } = numbers();
  const muted = getComputedStyle(find(".foot")).color;
  const line = getComputedStyle(find(".chart")).borderTopColor;
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
  chart?.destroy();
  chart = new window.Chart(find("canvas", plot), {
    type: "bar",
    data: { labels, datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      responsive: true,
      interaction: { mode: "index", intersect: false },
      onClick: (event) => {
        const [bar] = chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, false);
        if (bar) find("a", all("#counts tbody tr")[bar.index].cells[bar.datasetIndex + 1])?.click();
      },
      scales: {
        x: { stacked: true, grid: { display: false }, border: { color: line }, ticks: { color: muted, font, maxRotation: 0, autoSkipPadding: 18 } },
        y: { stacked: true, beginAtZero: true, grid: { color: line }, border: { display: false }, ticks: { color: muted, font, precision: 0, maxTicksLimit: 4 } },
      },
      plugins: {
        legend: { display: false },
        tooltip: { bodyFont: font, titleFont: font, filter: (item) => item.raw > 0, callbacks: { title: (items) => titles[items[0]?.dataIndex ?? 0] } },
      },
    },
  });
}

// Keys: never inside fields, never with a modifier, and they can be switched off.
const keysOff = () => localStorage.getItem("keys") === "off";
function move(step) {
  const links = all("a.arrow");
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [contenteditable]") || keysOff()) return;
  const first = find("[data-first]") ?? all(".search .wide input").find((one) => one.offsetParent);
  if (event.key === "/" && first) { event.preventDefault(); first.focus(); }
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "u") (find(".back a") ?? { click: () => history.back() }).click();
  else if (event.key === "?") say("Keys: slash, first field. j and k, next and previous report. u, back. Switched off under Light or dark.");
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
    if (shown && rows) { shown.textContent = rows.toLocaleString("en"); }
    const count = find("#domains .below, #errors .below");
    if (count) say(count.textContent.trim(), false);
  });
  for (const name of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(name, () => say("That did not work. The page is as it was; try again."));
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
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
document.getElementById("flaw")?.focus();
