// Puts the playground into its place: two panels, of which the page's address says which is open.
(function () {
"use strict";
const { explore, practise } = Playground;
const { element, button } = Playground.notation;

const place = document.getElementById("playground");
place.replaceChildren();
const row = element(place, "div.actions.modes", { role: "group", "aria-label": "What to do" });
const buttons = {
  explore: button(row, "Explore", () => { location.hash = "playground"; }),
  practise: button(row, "Practise", another),
};
const panels = { explore: element(place, "div"), practise: element(place, "div") };
explore.open(panels.explore);
turnTo("explore");
addEventListener("hashchange", follow);
follow();

function another() { location.hash = `practise=${Math.floor(Math.random() * 1e6)}`; }

// Other addresses lead into the chapter, from where one comes back to what one had.
function follow() {
  const seed = location.hash.match(/^#practise=(\d{1,9})$/)?.[1];
  if (location.hash === "#playground") turnTo("explore");
  if (!seed) return;
  turnTo("practise");
  if (seed === panels.practise.dataset.seed) return;
  practise.open(panels.practise, Number(seed), another);
  panels.practise.dataset.seed = seed;
  place.scrollIntoView();
}

function turnTo(open) {
  for (const name of Object.keys(panels)) {
    panels[name].hidden = name !== open;
    buttons[name].setAttribute("aria-pressed", name === open);
  }
}
})();
