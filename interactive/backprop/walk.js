// The walk: one factor of the chain rule at a time.

/** @typedef {import("./types").Pass} Pass */
/** @typedef {import("./types").Step} Step */
import { chosen } from "./mistakes.js";
import { element } from "../shared/elements.js";
import { formula } from "./notation.js";
import { entries, rounded } from "./numbers.js";
import { rules } from "./rules.js";

/** @typedef {{ at: number, view: import("./types").View, chips: any[] }} Walk */

/**
 * How an entry of each step's value comes about.
 * @type {Record<string, (pass: Pass, index: number[]) => string>}
 */
const TERMS = {
  z_H: ({ numbers: n }, [j]) => affine(n.W_H[j], n.x, n.b_H[j]),
  h: ({ network, values }, [j]) => activated(network.activation, values.z_H[j]),
  z_O: ({ numbers: n, values }, [k]) => affine(n.W_O[k], values.h, n.b_O[k]),
  y_hat: ({ network, values }, [k]) =>
    network.output === "softmax"
      ? `${power(values.z_O[k])} / (${values.z_O.map(power).join(" + ")})`
      : `1 / (1 + ${power(-values.z_O[k])})`,
  loss: ({ values }) => `−log ${rounded(Math.exp(-values.loss))}`,
  delta_O: ({ values, numbers }, [k]) => `${rounded(values.y_hat[k])} − ${numbers.y[k]}`,
  W_O: ({ values }, [k, j]) => product(values.db_O[k], values.h[j]),
  dL_dh: ({ values, numbers }, [j]) => {
    const column = numbers.W_O.map((/** @type {number[]} */ row) => row[j]);
    return products(column, values.db_O);
  },
  delta_H: ({ values }, [j]) => product(values.dL_dh[j], values.slope[j]),
  W_H: ({ values, numbers }, [j, i]) => product(values.db_H[j], numbers.x[i]),
};

/** @type {(activation: string, z: number) => string} */
function activated(activation, z) {
  if (activation === "identity") return "";
  return activation === "relu" ? `max(0, ${rounded(z)})` : `${activation}(${rounded(z)})`;
}

/** @type {(a: number, b: number) => string} */
function product(a, b) {
  return `${rounded(a)} · ${b < 0 ? `(${rounded(b)})` : rounded(b)}`;
}

/** @type {(row: number[], values: number[]) => string} */
function products(row, values) {
  return sum(row.map((w, j) => product(w, values[j])));
}

/** @type {(row: number[], values: number[], bias: number) => string} */
function affine(row, values, bias) {
  return sum([products(row, values), rounded(bias)]);
}

/** @type {(terms: string[]) => string} */
function sum(terms) {
  return terms.join(" + ").replaceAll("+ −", "− ");
}

/** @type {(z: number) => string} */
function power(z) {
  return `exp(${rounded(z)})`;
}

/**
 * Builds the walk; onStep() is called when it has moved.
 * @param {import("./types").View} view
 * @param {() => void} onStep
 * @returns {Walk}
 */
export function build(view, onStep) {
  /** @type {(at: number) => void} */
  const go = (at) => {
    walk.at = at < rules.steps.length ? at : -1;
    onStep();
  };
  view.back.addEventListener("click", () => go(walk.at - 1));
  view.next.addEventListener("click", () => go(walk.at + 1));
  view.end.addEventListener("click", () => go(-1));
  const chips = rules.steps.map(({ symbol }, i) => {
    const attributes = { type: "button", "aria-label": `Step ${i + 1}` };
    const chip = element(element(view.strip, "li"), "button", attributes);
    chip.addEventListener("click", () => go(i));
    formula(chip, symbol);
    return chip;
  });
  const walk = { at: -1, view, chips };
  return walk;
}

/**
 * The names of the values after the step it is at.
 * @param {Walk} walk
 */
export function hidden({ at }) {
  return new Set(at < 0 ? [] : rules.steps.slice(at + 1).map(({ name }) => name));
}

/**
 * The names under which formulas have those values.
 * @param {Walk} walk
 */
export function hiddenValues({ at }) {
  const known = new Set(rules.steps.slice(0, at + 1).map(({ value }) => value));
  const values = rules.steps.map(({ value }) => value).filter((value) => !known.has(value));
  return new Set(at < 0 ? [] : values);
}

/** @type {(walk: Walk, pass: Pass) => void} */
export function show({ at, view, chips }, pass) {
  const count = rules.steps.length;
  view.back.hidden = view.end.hidden = at < 0;
  if (at < 0) view.next.textContent = "Step by step";
  else view.next.textContent = at + 1 < count ? "Next" : "Finish";
  chips.forEach((chip, i) => chip.setAttribute("aria-current", i === at ? "step" : "false"));
  view.step.replaceChildren();
  if (at >= 0) describe(view.step, pass, rules.steps[at], `Step ${at + 1} of ${count}: `);
}

/**
 * A step in words, symbols and numbers.
 * @type {(place: any, pass: Pass, step: Step, count?: string) => void}
 */
export function describe(place, pass, { name, value, entry, latex, equation, why }, count = "") {
  const head = element(place, "p.formula");
  element(head, "span.soft", {}, count);
  formula(head, chosen(pass.network, latex));
  const page = document.getElementById(equation) ? "" : "q1_backprop.html";
  element(head, "a", { href: `${page}#${equation}` }, equationName(equation));
  element(place, "p", {}, chosen(pass.network, why));
  const list = element(place, "ul.lines");
  for (const [index, number] of entries(pass.values[value])) {
    const item = element(list, "li");
    const terms = TERMS[name]?.(pass, index);
    formula(item, entry.replace("#", index.map((i) => i + 1).join()));
    element(item, "span", {}, terms ? ` = ${terms} = ` : " = ");
    element(item, "b", {}, rounded(number));
  }
}

/**
 * What the chapter calls an equation where it refers to it.
 * @param {string} label
 */
function equationName(label) {
  const links = [...document.querySelectorAll(`main a[href$="#${label}"]`)];
  const link = links.find((link) => !link.closest("#playground"));
  return link?.textContent ?? "the chapter's equation";
}
