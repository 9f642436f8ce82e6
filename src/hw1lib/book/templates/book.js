// Theme switch, copy buttons and full-text search; everything is in the page's own folder.
(function () {
  "use strict";

  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", function () {
    const now = root.dataset.theme
      || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* not remembered */ }
  });

  document.querySelectorAll("div.sourceCode").forEach(function (block) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      const done = function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      };
      const text = block.querySelector("code").innerText;
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(done);
    });
    block.appendChild(button);
  });

  // What scrolls sideways can be reached by keyboard, whenever it comes to be too wide.
  const observer = new ResizeObserver(function (changes) {
    changes.forEach(function (change) {
      const box = change.target;
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    });
  });
  document.querySelectorAll("pre, .table-box, math[display=block]").forEach(function (box) {
    observer.observe(box);
  });

  const input = document.getElementById("search");
  const list = document.getElementById("search-results");
  const status = document.getElementById("search-status");

  function matches(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    return window.searchIndex
      .map(function (entry) {
        const title = entry.title.toLowerCase();
        const text = entry.text.toLowerCase();
        const all = words.every(function (word) { return title.includes(word) || text.includes(word); });
        const phrase = query.toLowerCase().trim();
        let score = all ? 1 : 0;
        if (all && text.includes(phrase)) score += 2;
        if (all && title.includes(phrase)) score += 4;
        return { entry: entry, score: score, at: Math.max(0, text.indexOf(words[0])) };
      })
      .filter(function (found) { return found.score > 0; })
      .sort(function (a, b) { return b.score - a.score; })
      .slice(0, 12);
  }

  function show(found) {
    list.replaceChildren.apply(list, found.map(function (match) {
      const link = document.createElement("a");
      link.href = match.entry.href;
      const title = document.createElement("strong");
      title.textContent = match.entry.title.endsWith(match.entry.page)
        ? match.entry.title : match.entry.page + " › " + match.entry.title;
      const text = document.createElement("span");
      const start = Math.max(0, match.at - 40);
      text.textContent = (start ? "…" : "") + match.entry.text.slice(start, start + 120) + "…";
      link.append(title, text);
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    list.hidden = input.value.trim() === "";
    if (!found.length && !list.hidden) {
      const item = document.createElement("li");
      item.textContent = "Nothing found";
      list.append(item);
    }
    status.textContent = list.hidden ? "" : found.length + " results";
  }

  input.addEventListener("input", function () { show(matches(input.value)); });
  input.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { input.value = ""; show([]); }
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest(".search")) list.hidden = true;
  });
})();
