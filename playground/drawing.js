// The network as a drawing.
Playground.drawing = (function () {
"use strict";
const { element, rounded } = Playground.notation;
const RADIUS = 25, GAP = 108, TOP = 26;
const DRAG = 6; // pixels for a tenth

// Draws a pass without what `hidden` names.
function draw(place, pass, { hidden = new Set(), step = null, onDrag = null }) {
  const width = Math.max(290, place.clientWidth), isWide = width >= 560;
  const layers = [pass.network.x, pass.network.b_H, pass.network.b_O];
  const height = TOP + Math.max(...layers.map((layer) => layer.length)) * GAP;
  const middle = (TOP + height) / 2;
  const across = isWide ? [0.07, 0.4, 0.73, 0.93] : [0.09, 0.48, 0.85];
  const [x, h, y] = layers.map((layer, i) => layer.map((_, row) => (
    { x: across[i] * width, y: middle + (row - (layer.length - 1) / 2) * GAP })));
  const svg = element(null, `svg.${step?.direction ?? "still"}`, {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "The network; its numbers are in the tables below.",
  });
  const scene = { svg, pass, hidden, onDrag, digits: isWide ? 3 : 2, active: step?.active.split(" ") ?? [] };
  const { activation, output } = pass.network;
  const titles = isWide ? ["input", `hidden (${activation})`, `output (${output})`, "loss"] : ["input", "hidden", "output"];
  titles.forEach((title, i) => element(svg, "text.soft", { x: across[i] * width, y: 14 }, title));
  const loss = isWide ? [{ x: across[3] * width, y: middle }] : [];
  for (const end of loss) for (const start of y) line(scene, start, end, "to-loss", 1.2);
  edges(scene, "W_H", x, h);
  edges(scene, "W_O", h, y);
  nodes(scene, x, h, y);
  for (const at of loss) node(scene, at, "L", hidden.has("loss") ? "?" : rounded(pass.loss, 3), "loss");
  place.replaceChildren(svg);
}

// Lines as wide as the derivative is large, and above them all weights.
function edges(scene, name, starts, ends) {
  const { pass, hidden } = scene, gradient = pass.gradients[name];
  const largest = Math.max(...["W_H", "W_O"].flatMap((other) => pass.gradients[other].flat()).map(Math.abs));
  const pairs = ends.flatMap((end, i) => starts.map((start, j) => ({ start, end, i, j })));
  for (const { start, end, i, j } of pairs) {
    const size = hidden.has(name) ? 0 : Math.abs(gradient[i][j]);
    line(scene, start, end, name, 1.2 + (size && 7 * size / largest), isOff(scene, name === "W_H" ? i : j))
      .dataset.for = `${name}-${i}-${j}`;
  }
  const share = labelShare(starts.length, ends.length, scene.digits > 2);
  for (const { start, end, i, j } of pairs) {
    label(scene, start.x + share * (end.x - start.x), start.y + share * (end.y - start.y), name, [i, j]);
  }
}

// At n/(n + 1), 1/(m + 1) or, for up to 4 units, 3/7 of the way from n to m units no two labels of
// lines stand on one spot; 3/7 is clear of the nodes where the drawing is narrow.
function labelShare(n, m, isWide) {
  if (!isWide && Math.min(n, m) > 2) return 3 / 7;
  const [late, early] = [n / (n + 1), 1 / (m + 1)];
  return late - 0.5 <= 0.5 - early ? late : early;
}

function line({ svg, active }, start, end, name, width, off) {
  return element(svg, `line.edge${active.includes(name) ? ".active" : ""}${off ? ".off" : ""}`, {
    x1: start.x, y1: start.y, x2: end.x, y2: end.y, "stroke-width": width.toFixed(2),
  });
}

function isOff({ pass, hidden }, unit) { return !pass.active[unit] && !hidden.has("h"); }

// A number of the network with its sign; centred, or to the right of x.
function label({ svg, pass, onDrag }, x, y, name, index, isRight = false) {
  const given = index.reduce((values, i) => values[i], pass.network[name]);
  const value = index.reduce((values, i) => values[i], pass.numbers[name]);
  const text = (value > 0 ? "+" : "") + (given.length > 6 ? rounded(value, 3) : given.replace("-", "−").replace("+", ""));
  const width = 8 + 7.4 * text.length, left = isRight ? x : x - width / 2;
  const group = element(svg, "g.label", { "data-for": [name, ...index].join("-") });
  element(group, "rect", { x: left, y: y - 8, width, height: 16, rx: 5 });
  element(group, "text", { x: left + width / 2, y }, text);
  if (onDrag) draggable(group, (...moved) => onDrag(name, index, ...moved));
}

// Reports tenths since its last report.
function draggable(group, report) {
  group.classList.add("draggable");
  group.addEventListener("pointerdown", (down) => {
    const listening = new AbortController(), { signal } = listening;
    let last = down.clientX, isFirst = true;
    document.addEventListener("pointermove", ({ clientX }) => {
      const tenths = Math.trunc((clientX - last) / DRAG);
      if (!tenths) return;
      last += tenths * DRAG;
      report(tenths, isFirst);
      isFirst = false;
    }, { signal });
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => listening.abort(), { signal });
    down.preventDefault();
  });
}

function nodes(scene, x, h, y) {
  const { pass, hidden, onDrag, digits } = scene;
  const shown = (name, i, before = "") => (hidden.has(name) ? "" : before + rounded(pass[name][i], digits));
  x.forEach((at, i) => {
    const group = node(scene, at, `x${subscript(i)}`, rounded(pass.numbers.x[i], digits), "input");
    if (onDrag) draggable(group, (...moved) => onDrag("x", [i], ...moved));
  });
  h.forEach((at, j) => {
    node(scene, at, `h${subscript(j)}`, shown("h", j) || "?", "unit", isOff(scene, j));
    bias(scene, at, "b_H", j);
    note(scene, at, 11, shown("z_H", j, "z = "), "soft");
    note(scene, at, 25, shown("delta_H", j, "δ = "), "delta");
  });
  y.forEach((at, k) => {
    node(scene, at, `ŷ${subscript(k)}`, shown("y_hat", k) || "?", "output");
    bias(scene, at, "b_O", k);
    note(scene, at, 11, `target ${rounded(pass.numbers.y[k])}`, "soft");
    note(scene, at, 25, shown("delta_O", k, "δ = "), "delta");
  });
}

function subscript(i) { return "₁₂₃₄"[i]; }

function node({ svg, active }, at, name, value, kind, off) {
  const group = element(svg, `g.node.${kind}${active.includes(kind) ? ".active" : ""}${off ? ".off" : ""}`);
  element(group, "circle", { cx: at.x, cy: at.y, r: RADIUS });
  element(group, "text.name", { x: at.x, y: at.y - 8 }, name);
  element(group, "text", { x: at.x, y: at.y + 9 }, value);
  return group;
}

function bias(scene, at, name, index) {
  note(scene, { x: at.x - 4, y: at.y }, -2 * RADIUS - 12, "bias", "soft.end");
  label(scene, at.x, at.y - RADIUS - 12, name, [index], true);
}

function note({ svg }, at, below, text, kind) {
  element(svg, `text.${kind}`, { x: at.x, y: at.y + RADIUS + below }, text);
}

return { draw };
})();
