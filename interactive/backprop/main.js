// Opens the panel that the address names.
import { LEVELS } from "./exercise.js";
import * as explore from "./explore.js";
import * as practise from "./practise.js";
import { rules } from "./rules.js";

const place = /** @type {HTMLElement} */ (document.getElementById("playground"));
const data = document.getElementById("playground-rules")?.textContent ?? "{}";
Object.assign(rules, JSON.parse(data));

/** @type {import("./types").View} */
const view = {};
for (const part of place.querySelectorAll("[data-name]")) {
  view[/** @type {HTMLElement} */ (part).dataset.name ?? ""] = part;
}
place.hidden = false;
view.explore.addEventListener("click", () => {
  location.hash = "playground";
});
view.practise.addEventListener("click", () => practiseAt(0));
view.another.addEventListener("click", () => practiseAt(view.level.selectedIndex));
view.level.addEventListener("change", () => practiseAt(view.level.selectedIndex));
const showNetwork = explore.open(view);
turnTo(true);
addEventListener("hashchange", follow);
follow();

/**
 * Leads to a random exercise of a level.
 * @param {number} level
 */
function practiseAt(level) {
  const number = Math.floor(Math.random() * 1e5);
  location.hash = `practise=${LEVELS.length * number + level}`;
}

/**
 * A part of an address that a program may have encoded, well or not.
 * @param {string} text
 */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Other addresses lead into the chapter. */
function follow() {
  const [, kind, value] = location.hash.match(/^#(\w+)=?(.*)$/) ?? [];
  if (kind === "network" && value) {
    turnTo(true);
    showNetwork(decoded(value));
    arrive();
  }
  if (kind === "playground") turnTo(true);
  if (kind !== "practise" || !/^\d{1,9}$/.test(value)) return;
  turnTo(false);
  view.level.selectedIndex = Number(value) % LEVELS.length;
  if (value === place.dataset.seed) return;
  practise.open(view, Number(value));
  place.dataset.seed = value;
  arrive();
}

/** Scrolls to the panels, and once more when what stands above them has its height. */
function arrive() {
  place.scrollIntoView();
  if (document.readyState === "complete") return;
  const again = () => document.fonts.ready.then(() => place.scrollIntoView());
  addEventListener("load", again, { once: true });
}

/** @type {(isExplore: boolean) => void} */
function turnTo(isExplore) {
  view.explorePanel.hidden = !isExplore;
  view.practisePanel.hidden = isExplore;
  view.explore.setAttribute("aria-pressed", String(isExplore));
  view.practise.setAttribute("aria-pressed", String(!isExplore));
}
