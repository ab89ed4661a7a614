// The box for a question: what may stand at the cursor is offered while one types. Without script it is a field as any other.
const root = document.documentElement;
const base = root.dataset.base;
const live = document.getElementById("live");
const box = document.querySelector("[data-complete]");
const list = document.createElement("ul");
let options = [];
let place = { begin: 0, end: 0 };
let chosen = -1;
let waiting = 0;
let asking = null;

function close() {
  clearTimeout(waiting);
  asking?.abort();
  list.hidden = true;
  options = [];
  chosen = -1;
  box.removeAttribute("aria-activedescendant");
}
function choose(number) {
  chosen = number;
  for (const [at, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(at === number));
  const item = list.children[number];
  if (!item) { box.removeAttribute("aria-activedescendant"); return; }
  box.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}
function take(number) {
  const { text } = options[number];
  box.setRangeText(text, place.begin, place.end, "end");
  close();
  box.focus();
  if (text.endsWith(" ")) ask();
}
function item(option, number) {
  const made = document.createElement("li");
  made.id = `f-text-${number}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  const text = document.createElement("bdi");
  text.textContent = option.text.trim();
  const more = document.createElement("span");
  more.className = "second";
  more.textContent = option.count === undefined ? option.sentence ?? "" : phrase("{count} messages", { count: option.count });
  made.append(text, " ", more);
  made.addEventListener("pointerdown", (event) => { event.preventDefault(); take(number); });
  return made;
}
async function ask() {
  asking?.abort();
  asking = new AbortController();
  const question = new URLSearchParams({ lang: root.lang, q: box.value, at: [...box.value.slice(0, box.selectionStart)].length });
  try {
    const answer = await fetch(`${base}/api/v1/complete?${question}`, { signal: asking.signal });
    if (!answer.ok) { close(); return; }
    const found = await answer.json();
    options = found.options;
    // The service counts characters, the browser their halves.
    const before = [...box.value];
    place = { begin: before.slice(0, found.begin).join("").length, end: before.slice(0, found.end).join("").length };
  } catch { return; }
  list.replaceChildren(...options.map(item));
  list.hidden = options.length === 0;
  choose(-1);
  live.classList.add("unseen");
  live.textContent = options.length ? phrase("{count} to choose from with the arrow keys", { count: options.length }) : "";
}
function later() {
  close();
  // What was pasted is no question that goes on.
  if (box.value.length > 500 || box.value.includes("\n")) return;
  waiting = setTimeout(ask, 150);
}
function onKey(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (chosen >= 0) take(chosen);
    else box.form.requestSubmit();
  } else if (event.key === "Escape") {
    close();
  } else if (!list.hidden && event.key === "Tab" && chosen >= 0) {
    event.preventDefault();
    take(chosen);
  } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(chosen < 0 ? (step > 0 ? 0 : options.length - 1) : (chosen + step + options.length) % options.length);
  }
}

if (box) {
  list.id = "f-text-list";
  list.className = "offers";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", phrase("How the question may go on"));
  box.after(list);
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.addEventListener("input", later);
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", close);
  // The way from the words about a flaw leads to its place.
  box.addEventListener("focus", () => { if (box.dataset.at) box.setSelectionRange(Number(box.dataset.at), Number(box.dataset.at)); }, { once: true });
}
