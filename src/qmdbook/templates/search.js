// Full-text search in the index that search-index.js holds, so that it works from a file, too.
(function () {
  "use strict";

  const MOST = 12;
  const input = document.getElementById("search");
  const list = document.getElementById("search-results");
  const status = document.getElementById("search-status");

  // "vanishing" and "vanished" find "vanishes".
  function stem(word) {
    return word.length > 5 ? word.replace(/(ing|ed|es|s|e)$/, "") : word;
  }

  // Sections that hold all words of the query, those with the whole phrase first.
  function matches(query) {
    const phrase = query.toLowerCase().trim();
    const words = phrase.split(/\s+/).filter(Boolean).map(stem);
    if (!words.length) return [];
    return window.searchIndex
      .map(function (entry) {
        const title = entry.title.toLowerCase();
        const text = entry.text.toLowerCase();
        const all = words.every(function (word) { return title.includes(word) || text.includes(word); });
        const score = 1 + (text.includes(phrase) ? 2 : 0) + (title.includes(phrase) ? 4 : 0);
        const at = text.includes(phrase) ? text.indexOf(phrase) : text.indexOf(words[0]);
        return { entry: entry, score: all ? score : 0, at: Math.max(0, at) };
      })
      .filter(function (found) { return found.score > 0; })
      .sort(function (a, b) { return b.score - a.score; });
  }

  function item(match) {
    const entry = match.entry;
    const link = document.createElement("a");
    link.href = entry.href;
    const title = document.createElement("strong");
    title.textContent = entry.title.endsWith(entry.page)
      ? entry.title : entry.page + " › " + entry.title;
    const text = document.createElement("span");
    const start = Math.max(0, match.at - 40);
    text.textContent = (start ? "…" : "") + entry.text.slice(start, start + 120) + "…";
    link.append(title, text);
    const line = document.createElement("li");
    line.append(link);
    return line;
  }

  function show() {
    const found = matches(input.value);
    list.replaceChildren(...found.slice(0, MOST).map(item));
    list.hidden = input.value.trim() === "";
    if (!found.length) {
      const line = document.createElement("li");
      line.textContent = "Nothing found";
      list.append(line);
    }
    status.textContent = list.hidden ? "" : found.length + (found.length === 1 ? " result" : " results");
  }

  // Arrow keys go through the results, "/" goes to the box.
  function step(event) {
    const places = [input, ...list.querySelectorAll("a")];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = by && places[places.indexOf(document.activeElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("keydown", function (event) {
    const first = list.querySelector("a");
    if (event.key === "Enter" && first) first.click();
  });
  document.querySelector(".search").addEventListener("keydown", function (event) {
    step(event);
    if (event.key !== "Escape") return;
    input.value = "";
    input.focus();
    show();
  });
  list.addEventListener("click", function (event) { // a place on this very page
    if (event.target.closest("a")) list.hidden = true;
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest(".search")) list.hidden = true;
  });
})();
