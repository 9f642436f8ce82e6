// The network as a drawing.

/** @typedef {import("./types").Index} Index */
/** @typedef {import("./types").Pass} Pass */
import { element } from "../shared/elements.js";
import { at, rounded } from "./numbers.js";

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {(name: string, index: Index, tenths: number, isFirst: boolean) => void} OnDrag */
/**
 * @typedef {object} Scene
 * @property {any} svg
 * @property {Pass} pass
 * @property {Set<string>} hidden names of the values that are still to come
 * @property {OnDrag | null} onDrag
 * @property {boolean} isWide
 * @property {string[]} active the layers and weights that the step is about
 */

const RADIUS = 25;
const GAP = 122;
const TOP = 26;
const CLEAR = 45; // from a node's centre to that of a label on a line
const DRAG = 6; // pixels for a tenth

/**
 * Draws a pass without what `hidden` names.
 * @param {any} place
 * @param {Pass} pass
 * @param {{ hidden?: Set<string>, step?: import("./types").Step | null, onDrag?: OnDrag | null }} options
 */
export function draw(place, pass, { hidden = new Set(), step = null, onDrag = null }) {
  const width = Math.max(290, place.clientWidth);
  const isWide = width >= 560;
  const layers = [pass.network.x, pass.network.b_H, pass.network.b_O];
  const height = TOP + Math.max(...layers.map((layer) => layer.length)) * GAP;
  const middle = (TOP + height) / 2 - 8;
  const across = isWide ? [0.07, 0.4, 0.73, 0.93] : [0.09, 0.48, 0.85];
  const [x, h, y] = layers.map((layer, i) =>
    layer.map((_, row) => ({
      x: across[i] * width,
      y: middle + (row - (layer.length - 1) / 2) * GAP,
    })),
  );
  const svg = element(null, `svg.${step?.direction ?? "still"}`, {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": "The network; its numbers are in the tables below.",
  });
  /** @type {Scene} */
  const scene = { svg, pass, hidden, onDrag, isWide, active: step?.active.split(" ") ?? [] };
  const { activation, output } = pass.network;
  const titles = isWide
    ? ["input", `hidden (${activation})`, `output (${output})`, "loss"]
    : ["input", "hidden", "output"];
  titles.forEach((title, i) => element(svg, "text.soft", { x: across[i] * width, y: 14 }, title));
  const loss = isWide ? [{ x: across[3] * width, y: middle }] : [];
  for (const end of loss) for (const start of y) line(scene, start, end, "to-loss", 1.2, "");
  edges(scene, "W_H", x, h);
  edges(scene, "W_O", h, y);
  nodes(scene, x, h, y);
  for (const end of loss) {
    const text = hidden.has("loss") ? "?" : rounded(pass.values.loss, 3);
    node(scene, end, "L", text, "loss");
  }
  place.replaceChildren(svg);
}

/**
 * Lines as wide as the derivative is large, and above them all weights. Lines of negative
 * derivatives are dashed; what a ReLU has switched off is dotted.
 * @type {(scene: Scene, name: "W_H" | "W_O", starts: Point[], ends: Point[]) => void}
 */
function edges(scene, name, starts, ends) {
  const { values } = scene.pass;
  const sizes = [...values.dW_H.flat(), ...values.dW_O.flat()].map(Math.abs);
  const largest = Math.max(...sizes);
  const pairs = ends.flatMap((end, i) => starts.map((start, j) => ({ start, end, i, j })));
  for (const { start, end, i, j } of pairs) {
    const slope = scene.hidden.has(name) ? 0 : values[`d${name}`][i][j];
    const kind = [
      isOff(scene, name === "W_H" ? i : j) ? ".off" : "",
      slope < 0 ? ".negative" : "",
    ].join("");
    const width = 1.2 + (slope && (7 * Math.abs(slope)) / largest);
    const edge = line(scene, start, end, name, width, kind);
    edge.dataset.for = `${name}-${i}-${j}`;
  }
  const share = labelShare(starts, ends);
  for (const { start, end, i, j } of pairs) {
    const x = start.x + share * (end.x - start.x);
    label(scene, x, start.y + share * (end.y - start.y), name, [i, j]);
  }
}

/**
 * How far along all lines their labels stand: as far apart as they can be, clear of nodes and notes.
 * @type {(starts: Point[], ends: Point[]) => number}
 */
function labelShare(starts, ends) {
  const margin = Math.max(0.2, CLEAR / (ends[0].x - starts[0].x));
  const shares = Array.from({ length: 85 }, (_, i) => margin + ((1 - 2 * margin) * i) / 84);
  /** @type {(share: number) => number} */
  const gap = (share) => {
    const places = ends.flatMap((end) => starts.map(({ y }) => y + share * (end.y - y)));
    places.sort((a, b) => a - b);
    return Math.min(...places.slice(1).map((place, i) => place - places[i]));
  };
  return shares.reduce((best, share) => (gap(share) > gap(best) ? share : best));
}

/** @type {(scene: Scene, start: Point, end: Point, name: string, width: number, kind: string) => any} */
function line({ svg, active }, start, end, name, width, kind) {
  return element(svg, `line.edge${active.includes(name) ? ".active" : ""}${kind}`, {
    x1: start.x,
    y1: start.y,
    x2: end.x,
    y2: end.y,
    "stroke-width": width.toFixed(2),
  });
}

/** @type {(scene: Scene, unit: number) => boolean} */
function isOff({ pass, hidden }, unit) {
  return !pass.active[unit] && !hidden.has("h");
}

/**
 * A number of the network with its sign; centred, or to the right of x.
 * @type {(scene: Scene, x: number, y: number, name: string, index: Index, isRight?: boolean) => void}
 */
function label({ svg, pass, onDrag }, x, y, name, index, isRight = false) {
  const exact = at(pass.network[name], index);
  const value = at(pass.numbers[name], index);
  const digits = exact.length > 6 ? rounded(value, 3) : exact.replace(/^[+-]/, "");
  const sign = signOf(value);
  const text = sign + digits.replace("−", "");
  const width = 8 + 7.4 * text.length;
  const left = isRight ? x : x - width / 2;
  const group = element(svg, "g.label", { "data-for": [name, ...index].join("-") });
  element(group, "rect", { x: left, y: y - 8, width, height: 16, rx: 5 });
  element(group, "text", { x: left + width / 2, y }, text);
  if (onDrag) draggable(group, (tenths, isFirst) => onDrag(name, index, tenths, isFirst));
}

/** @type {(value: number) => string} */
function signOf(value) {
  if (value === 0) return "";
  return value > 0 ? "+" : "−";
}

/**
 * Reports tenths since its last report.
 * @type {(group: any, report: (tenths: number, isFirst: boolean) => void) => void}
 */
function draggable(group, report) {
  group.classList.add("draggable");
  group.addEventListener("pointerdown", (/** @type {PointerEvent} */ down) => {
    const listening = new AbortController();
    const { signal } = listening;
    let last = down.clientX;
    let isFirst = true;
    /** @type {(event: PointerEvent) => void} */
    const move = ({ clientX }) => {
      const tenths = Math.trunc((clientX - last) / DRAG);
      if (!tenths) return;
      last += tenths * DRAG;
      report(tenths, isFirst);
      isFirst = false;
    };
    document.addEventListener("pointermove", move, { signal });
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => listening.abort(), { signal });
    }
    down.preventDefault();
  });
}

/** @type {(scene: Scene, x: Point[], h: Point[], y: Point[]) => void} */
function nodes(scene, x, h, y) {
  const { pass, hidden, onDrag, isWide } = scene;
  const digits = isWide ? 3 : 2;
  /** @type {(name: string, values: number[], i: number) => string} */
  const visible = (name, values, i) => (hidden.has(name) ? "" : rounded(values[i], digits));
  /** @type {(place: Point, line: number, before: string, text: string, kind: string) => void} */
  const noteBelow = (place, line, before, text, kind) => {
    if (text) note(scene, place, RADIUS + 11 + 14 * line, before + text, kind);
  };
  const { z_H, h: hValues, z_O, y_hat, db_O, db_H } = pass.values;
  x.forEach((place, i) => {
    const text = rounded(pass.numbers.x[i], digits);
    const group = node(scene, place, `x${subscript(i)}`, text, "input");
    if (onDrag) draggable(group, (tenths, isFirst) => onDrag("x", [i], tenths, isFirst));
  });
  h.forEach((place, j) => {
    const kind = isOff(scene, j) ? "unit.off" : "unit";
    node(scene, place, `h${subscript(j)}`, visible("h", hValues, j) || "?", kind);
    bias(scene, place, "b_H", j);
    noteBelow(place, 0, "z = ", visible("z_H", z_H, j), "soft");
    noteBelow(place, 1, "δ = ", visible("delta_H", db_H, j), "delta");
  });
  y.forEach((place, k) => {
    node(scene, place, `ŷ${subscript(k)}`, visible("y_hat", y_hat, k) || "?", "output");
    bias(scene, place, "b_O", k);
    noteBelow(place, 0, "z = ", visible("z_O", z_O, k), "soft");
    noteBelow(place, 1, "target ", rounded(pass.numbers.y[k]), "soft");
    noteBelow(place, 2, "δ = ", visible("delta_O", db_O, k), "delta");
  });
}

/** @type {(i: number) => string} */
function subscript(i) {
  return "₁₂₃₄"[i];
}

/** @type {(scene: Scene, place: Point, name: string, value: string, kind: string) => any} */
function node({ svg, active }, place, name, value, kind) {
  const isActive = active.includes(kind.split(".")[0]);
  const group = element(svg, `g.node.${kind}${isActive ? ".active" : ""}`);
  element(group, "circle", { cx: place.x, cy: place.y, r: RADIUS });
  element(group, "text.name", { x: place.x, y: place.y - 8 }, name);
  element(group, "text", { x: place.x, y: place.y + 9 }, value);
  return group;
}

/** @type {(scene: Scene, place: Point, name: string, index: number) => void} */
function bias(scene, place, name, index) {
  note(scene, { x: place.x - 4, y: place.y }, -RADIUS - 12, "bias", "soft.end");
  label(scene, place.x, place.y - RADIUS - 12, name, [index], true);
}

/** @type {(scene: Scene, place: Point, below: number, text: string, kind: string) => void} */
function note({ svg }, place, below, text, kind) {
  element(svg, `text.note.${kind}`, { x: place.x, y: place.y + below }, text);
}
