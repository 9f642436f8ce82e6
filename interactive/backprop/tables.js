// Vectors and matrices of numbers: as values, and as fields to fill in.

/** @typedef {import("./types").Index} Index */
/** @typedef {import("./types").Pass} Pass */
import * as exact from "./exact.js";
import { element } from "../shared/elements.js";
import { formula } from "./notation.js";
import { at, label, rounded } from "./numbers.js";

/** The tables of a network; dW_H stands for the derivatives with respect to W_H. */
const GROUPS = {
  "Input and target": ["x", "y"],
  "Hidden layer": ["W_H", "dW_H", "b_H", "db_H", "z_H", "h"],
  "Output layer": ["W_O", "dW_O", "b_O", "db_O", "z_O", "y_hat"],
};
const GIVEN = ["x", "W_H", "b_H", "W_O", "b_O"];
const DERIVATIVE = /^d(?=[Wb]_)/;

/** @typedef {(td: any, index: Index, label: string) => void} Cell */
/** @typedef {(name: string, index: Index, text: string) => boolean} OnType */
/**
 * Shows a pass, given the keys of its zeros and the names of the values that are still to come.
 * @typedef {(pass: Pass, zeros: string[], hidden: Set<string>) => void} Update
 */

/**
 * A symbol, and below it a cell for each value, filled by `cell`.
 * @type {(parent: any, latex: string, name: string, values: any[], cell: Cell) => void}
 */
export function table(parent, latex, name, values, cell) {
  const box = element(parent, "div.matrix");
  formula(element(box, "div.symbol"), latex);
  const rows = element(box, "table", { "aria-label": name });
  values.forEach((value, i) => {
    const row = element(rows, "tr");
    const indices = Array.isArray(value) ? value.map((_, j) => [i, j]) : [[i]];
    for (const index of indices) cell(element(row, "td"), index, label(name, index));
  });
}

/**
 * A field for a number; what is typed goes to `onType`.
 * @type {(parent: any, name: string, id: string, onType: (text: string) => void) => any}
 */
export function field(parent, name, id, onType) {
  const attributes = { id, "aria-label": name, autocomplete: "off", spellcheck: "false" };
  const input = element(parent, "input", attributes);
  input.addEventListener("change", () => onType(input.value));
  return input;
}

/**
 * All tables of a network; `onType` says whether it took what was typed into a field.
 * @param {any} place
 * @param {Pass} pass
 * @param {OnType} onType
 * @returns {Update} what updates them
 */
export function build(place, pass, onType) {
  /** @type {Update[]} */
  const updates = [];
  place.replaceChildren();
  for (const [title, names] of Object.entries(GROUPS)) {
    element(place, "h3", {}, title);
    const row = element(place, "div.tables");
    for (const name of names) {
      const parameter = name.replace(DERIVATIVE, "");
      const isDerivative = parameter !== name;
      const words = isDerivative ? `derivatives with respect to ${parameter}` : name;
      table(row, symbol(name), words, valuesOf(pass, name), (td, index, words) => {
        const key = [parameter, ...index].join("-");
        if (isDerivative || GIVEN.includes(name)) td.dataset.for = key;
        const update = GIVEN.includes(name)
          ? given(td, name, index, words, onType)
          : shown(td, name, index, key);
        updates.push(update);
      });
    }
  }
  return (...next) => updates.forEach((update) => update(...next));
}

/** @type {(name: string) => string} */
function symbol(name) {
  if (name === "y_hat") return "\\hat{y}";
  return DERIVATIVE.test(name) ? `\\frac{\\partial L}{\\partial ${name.slice(1)}}` : name;
}

/** @type {(pass: Pass, name: string) => any} */
function valuesOf({ values, numbers }, name) {
  return values[name] ?? numbers[name];
}

/** @type {(td: any, name: string, index: Index, words: string, onType: OnType) => (pass: Pass) => void} */
function given(td, name, index, words, onType) {
  let text = "";
  /** @type {(typed: string) => void} */
  const take = (typed) => input.setAttribute("aria-invalid", String(!onType(name, index, typed)));
  const input = field(td, words, `playground-${[name, ...index].join("-")}`, take);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const units = { ArrowUp: 10, ArrowDown: -10 }[event.key];
    if (!units) return;
    event.preventDefault();
    take(moved(text, event.shiftKey ? units / 10 : units));
  });
  return ({ network }) => {
    text = at(network[name], index);
    input.value = text;
    input.style.width = `${Math.max(3, text.length) + 1.6}ch`;
    input.removeAttribute("aria-invalid");
  };
}

/**
 * A number so many tenths on; exactly, so that three times 0.1 is 0.3.
 * @type {(text: string, tenths: number) => string}
 */
export function moved(text, tenths) {
  const change = exact.times(exact.TENTH, exact.parse(String(tenths)));
  return exact.write(exact.add(exact.parse(text), change));
}

/** @type {(td: any, name: string, index: Index, key: string) => Update} */
function shown(td, name, index, key) {
  return (pass, zeros, hidden) => {
    const value = at(valuesOf(pass, name), index);
    const isZero = DERIVATIVE.test(name) && zeros.includes(key);
    td.textContent = hidden.has(name) ? "?" : rounded(value);
    td.dataset.value = value;
    td.classList.toggle("zero", isZero && !hidden.has(name));
  };
}
