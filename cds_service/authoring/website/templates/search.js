"use strict";
// Searches SEARCHED, whose entries are [title, address, title of the page, words]. A search of the full text finds identifiers, parts of
// identifiers and literal messages, which an index of stems would miss.
const AT_ONCE = 40;
const input = document.getElementById("query");
const found = document.getElementById("found");
const list = document.getElementById("results");

// American spellings find British ones and the reverse: anemia and anaemia, edema and oedema.
const spelt = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/[ao]?e/gi, "[ao]?e");

const matcher = (word) => {
  const text = spelt(word);
  return { begins: new RegExp(`(?<![\\p{L}\\p{N}])${text}`, "iu"), whole: new RegExp(`(?<![\\p{L}\\p{N}])${text}(?![\\p{L}\\p{N}])`, "iu"), within: new RegExp(text, "iu") };
};

const weight = ({ whole, begins, within }, text) => (whole.test(text) ? 5 : begins.test(text) ? 3 : within.test(text) ? 1 : 0);

const score = ([title, , page, words], matchers, phrase, every) => {
  let sum = 0;
  for (const matcher of matchers) {
    const one = 4 * weight(matcher, title) + weight(matcher, page) + weight(matcher, words);
    if (!one && every) return 0;
    sum += one;
  }
  if (phrase.whole.test(title)) sum += title.length < 1.5 * input.value.trim().length ? 60 : 25;
  else if (phrase.whole.test(words)) sum += 15;
  return sum;
};

const ranked = (matchers, phrase, every) =>
  SEARCHED.map((entry) => [score(entry, matchers, phrase, every), entry]).filter(([sum]) => sum).sort(([one], [other]) => other - one);

const marked = (text, matchers) => {
  const parts = document.createElement("span");
  const all = new RegExp(matchers.map(({ begins }) => begins.source).join("|"), "giu");
  let end = 0;
  for (const match of text.matchAll(all)) {
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    parts.append(text.slice(end, match.index), mark);
    end = match.index + match[0].length;
  }
  parts.append(text.slice(end));
  return parts;
};

const excerpt = (words, matchers, phrase) => {
  const places = [phrase, ...matchers].map(({ begins, within }) => (begins.exec(words) ?? within.exec(words))?.index).filter((place) => place !== undefined);
  const from = Math.max(0, (places[0] ?? 0) - 70);
  const start = from ? words.indexOf(" ", from) + 1 : 0;
  return `${start ? "… " : ""}${words.slice(start, start + 220)}${start + 220 < words.length ? " …" : ""}`;
};

const shown = ([title, address, page, words], matchers, phrase) => {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = address;
  link.append(marked(title, matchers));
  const kind = document.createElement("span");
  kind.className = "quiet";
  kind.textContent = address.startsWith("cards/") ? " Card" : page === title ? "" : ` ${page}`;
  const text = document.createElement("p");
  text.append(marked(excerpt(words, matchers, phrase), matchers));
  item.append(link, kind, text);
  return item;
};

const search = () => {
  const asked = input.value.trim();
  const matchers = asked.split(/\s+/).filter(Boolean).map(matcher);
  const phrase = matcher(asked);
  let results = matchers.length ? ranked(matchers, phrase, true) : [];
  const all = results.length > 0;
  if (!all && matchers.length > 1) results = ranked(matchers, phrase, false);
  list.replaceChildren(...results.slice(0, AT_ONCE).map(([, entry]) => shown(entry, matchers, phrase)));
  const number = results.length === 1 ? "1 place" : `${results.length} places`;
  const some = results.length > AT_ONCE ? `; the first ${AT_ONCE} are shown` : "";
  found.textContent = !asked ? "" : !results.length ? "Nothing was found." : all ? `${number}${some}.` : `No place has all of these words. ${number} with some of them${some}.`;
  document.title = document.title.replace(/^.*?(?=Search)/, asked ? `${asked} – ` : "");
};

input.value = new URLSearchParams(location.search).get("q") ?? "";
input.addEventListener("input", () => {
  search();
  history.replaceState(null, "", input.value.trim() ? `?${new URLSearchParams({ q: input.value.trim() })}` : location.pathname);
});
search();
if (!input.value) input.focus();
