// A figure to play with: sliders, a drawing, and what is to be seen in it.
import { element } from "../shared/elements.js";

const EDGE = { left: 42, right: 16 };

/** @type {(value: number) => string} */
export function shown(value) {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/**
 * @typedef {object} Slider
 * @property {string} name
 * @property {string} label
 * @property {number} start
 * @property {number[]} [values] where it does not run from min to max
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step]
 *
 * @typedef {Record<string, number>} Settings
 * @typedef {{ text: string, data: Record<string, any> }} Result a line to read, and data attributes
 * @typedef {(svg: any, width: number, settings: Settings) => Result} Draw
 *
 * @typedef {object} Scale
 * @property {number} from
 * @property {number} to
 * @property {number[]} ticks
 * @property {string} [title]
 * @property {boolean} [log]
 */

/**
 * A panel of sliders, a drawing and a line that says what is to be seen, before a figure.
 * @param {string} id
 * @param {string} figureId
 * @param {string} label
 * @param {Slider[]} sliders
 * @param {number} height
 * @param {Draw} draw
 */
export function panel(id, figureId, label, sliders, height, draw) {
  const figure = document.getElementById(figureId);
  if (!figure) return null;
  const place = document.createElement("div");
  place.id = id;
  place.className = "adam-panel";
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", label);
  figure.before(place);
  const controls = element(place, "div", { class: "controls" });
  const inputs = sliders.map(function (slider) {
    const row = element(controls, "p");
    const name = id + "-" + slider.name;
    element(row, "label", { for: name }, slider.label);
    const input = element(row, "input", {
      id: name,
      type: "range",
      min: slider.min || 0,
      step: slider.step || 1,
      max: slider.values ? slider.values.length - 1 : slider.max,
    });
    input.value = slider.values ? slider.values.indexOf(slider.start) : slider.start;
    const output = element(row, "output", { for: name });
    return {
      name: slider.name,
      input,
      output,
      value: () => (slider.values ? slider.values[input.value] : Number(input.value)),
    };
  });
  const svg = element(place, "svg", { height, role: "img", "aria-label": label });
  const readout = element(place, "p", { class: "readout", role: "status" });
  function update() {
    /** @type {Settings} */
    const settings = {};
    for (const { name, input, output, value } of inputs) {
      settings[name] = value();
      output.textContent = value();
      input.setAttribute("aria-valuetext", value());
    }
    const { width } = svg.getBoundingClientRect();
    if (!width) return;
    svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    svg.textContent = "";
    const result = draw(svg, width, settings);
    if (readout.textContent !== result.text) readout.textContent = result.text;
    Object.assign(place.dataset, result.data);
  }
  for (const { input } of inputs) input.addEventListener("input", update);
  new ResizeObserver(update).observe(svg);
  return { controls, update };
}

/**
 * A scale for each direction, and axes with these ticks; `across` and `down` give pixels.
 * @param {any} svg
 * @param {number} width
 * @param {{ top: number, bottom: number }} box
 * @param {Scale} xs
 * @param {Scale & { legend: string[][] }} ys
 */
export function axes(svg, width, box, xs, ys) {
  const left = EDGE.left;
  const right = width - EDGE.right;
  const scaled = xs.log ? Math.log : (/** @type {number} */ x) => x;
  const start = scaled(xs.from);
  const range = scaled(xs.to) - start;
  const along = (/** @type {number} */ x) => (scaled(x) - start) / range;
  const across = (/** @type {number} */ x) => left + along(x) * (right - left);
  const down = (/** @type {number} */ y) =>
    box.bottom - ((y - ys.from) / (ys.to - ys.from)) * (box.bottom - box.top);
  element(svg, "path", { class: "axis", d: `M${left} ${box.top}V${box.bottom}H${right}` });
  for (const x of xs.ticks) {
    const anchor = x === xs.to ? "end" : "middle";
    element(
      svg,
      "text",
      { x: across(x), y: box.bottom + 17, "text-anchor": anchor },
      x.toLocaleString("en"),
    );
  }
  for (const y of ys.ticks) {
    element(svg, "text", { x: left - 6, y: down(y) + 4, "text-anchor": "end" }, shown(y));
  }
  if (xs.title)
    element(
      svg,
      "text",
      { x: (left + right) / 2, y: box.bottom + 36, "text-anchor": "middle" },
      xs.title,
    );
  const title = element(svg, "text", { y: box.top - 10 }, ys.title);
  ys.legend.forEach(function ([name, text], i) {
    element(title, "tspan", {}, i === 0 ? " " : ", ");
    element(title, "tspan", { class: name }, text);
  });
  return { across, down, left, right };
}

/** @type {(svg: any, name: string, points: number[][]) => void} */
export function line(svg, name, points) {
  const path = points.map(([x, y]) => x.toFixed(2) + " " + y.toFixed(2)).join("L");
  element(svg, "path", { class: "line " + name, d: "M" + path });
}
