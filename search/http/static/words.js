// Phrases in the reader's language: the page brings those that scripts show, with their plural forms where they count.
const { lang, dataset } = document.documentElement;
const words = JSON.parse(dataset.words);
const plural = new Intl.PluralRules(lang);
globalThis.written = (number) => number.toLocaleString(lang);
globalThis.phrase = (key, values = {}) => {
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found : found[plural.select(values.count)] ?? found.other;
  return text.replace(/\{([a-z_]+)\}/g, (place, name) => (name in values ? written(values[name]) : place));
};
