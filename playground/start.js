// Opens the panel that the address names.
(function () {
"use strict";
const { explore, practise } = Playground;

const place = document.getElementById("playground");
const view = Object.fromEntries([...place.querySelectorAll("[data-name]")].map((part) => [part.dataset.name, part]));
place.hidden = false;
view.explore.addEventListener("click", () => { location.hash = "playground"; });
for (const button of [view.practise, view.another]) {
  button.addEventListener("click", () => { location.hash = `practise=${Math.floor(Math.random() * 1e6)}`; });
}
explore.open(view);
turnTo(true);
addEventListener("hashchange", follow);
follow();

// Other addresses lead into the chapter.
function follow() {
  const seed = location.hash.match(/^#practise=(\d{1,9})$/)?.[1];
  if (location.hash === "#playground") turnTo(true);
  if (!seed) return;
  turnTo(false);
  if (seed === place.dataset.seed) return;
  practise.open(view, Number(seed));
  place.dataset.seed = seed;
  place.scrollIntoView();
}

function turnTo(isExplore) {
  view.explorePanel.hidden = !isExplore;
  view.practisePanel.hidden = isExplore;
  view.explore.setAttribute("aria-pressed", isExplore);
  view.practise.setAttribute("aria-pressed", !isExplore);
}
})();
