// Searches that a reader gave a name: they are kept in the browser alone, and asked anew when they are opened.
const base = document.documentElement.dataset.base;
const KEY = `searches:${base}`;
const MOST = 50;
const all = (selector) => [...document.querySelectorAll(selector)];
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.name === "string" && typeof one?.asked === "string") : [];
  } catch { return []; }
}
function write(searches) {
  localStorage.setItem(KEY, JSON.stringify(searches.slice(0, MOST)));
  show();
}
// What is asked, without the place in the list.
function asked() {
  const params = new URLSearchParams(location.search);
  for (const name of ["cursor", "limit"]) params.delete(name);
  return String(params);
}
function entry(list, { name, asked: question }) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `${base}/trace?${question}`, textContent: name });
  const gone = Object.assign(document.createElement("button"), { type: "button", textContent: "×", className: "close" });
  gone.setAttribute("aria-label", phrase("Forget the search {name}", { name }));
  gone.addEventListener("click", () => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const place = next ? [...list.children].indexOf(next) - (next === item.nextElementSibling ? 1 : 0) : -1;
    write(read().filter((one) => one.name !== name));
    (list.children[place]?.querySelector("button") ?? list.closest("details")?.querySelector("summary"))?.focus();
  });
  item.append(link, gone);
  return item;
}
function show() {
  const searches = read();
  for (const list of all("[data-saved]")) list.replaceChildren(...searches.map((one) => entry(list, one)));
  for (const section of all("[data-saved-section]")) section.hidden = searches.length === 0;
}
for (const form of all("form[data-save]")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    if (!name) return;
    write([{ name, asked: asked() }, ...read().filter((one) => one.name !== name)]);
    form.reset();
    document.dispatchEvent(new CustomEvent("added", { detail: { words: name } }));
  });
}
for (const place of all("[data-link]")) place.hidden = !navigator.clipboard;
addEventListener("storage", (event) => { if (event.key === KEY) show(); });
show();
