// Theme switch, menus and copy buttons.
(function () {
  "use strict";

  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", function () {
    const now = root.dataset.theme
      || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* not remembered */ }
  });

  // Lists of chapters and sections are open where there is room beside the text for them.
  [[".chapters", "(min-width: 52.01rem)"], [".contents", "(min-width: 75.01rem)"]].forEach(function (menu) {
    const list = document.querySelector(menu[0] + " details");
    const room = matchMedia(menu[1]);
    if (!list) return;
    list.open = room.matches;
    room.addEventListener("change", function () { list.open = room.matches; });
  });

  document.querySelectorAll("div.sourceCode").forEach(function (block) {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    function say(text) {
      button.textContent = text;
      setTimeout(function () { button.textContent = "Copy"; }, 1500);
    }
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(block.querySelector("code").textContent)
        .then(function () { say("Copied"); }, function () { say("Not allowed"); });
    });
    block.append(button);
  });
})();
