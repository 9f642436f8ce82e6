// The steps of both passes with mistakes in them; the twin of hw1lib.backprop.mistakes. The table of
// steps is that of hw1lib.backprop.passes.

/** @typedef {import("./types").Mistake} Mistake */
/** @typedef {import("./types").Pass} Pass */
/** @typedef {import("./types").Values} Values */
import { evaluate, Impossible } from "./formulas.js";
import { isRight } from "./judging.js";
import { at } from "./numbers.js";
import { rules } from "./rules.js";

/**
 * All values of both passes, as mistakes and given values lead to them; without those that a
 * mistake makes impossible.
 * @param {Pass} pass
 * @param {Mistake[]} mistakes
 * @param {Values} given
 */
export function follow({ network, numbers }, mistakes = [], given = {}) {
  const values = { ...numbers };
  for (const [step, formula] of Object.entries(rules.formulas)) {
    try {
      values[step] = given[step] ?? evaluate(chosen(network, formula), values);
      for (const mistake of mistakes.filter((mistake) => mistake.step === step)) {
        values[step] = evaluate(mistake.formula, values);
      }
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      delete values[step];
    }
  }
  return values;
}

/**
 * What holds for the network's output or activation, where there are several.
 * @type {<T>(network: import("./types").Network, choice: T | Record<string, T>) => T}
 */
export function chosen(network, choice) {
  if (typeof choice !== "object" || Array.isArray(choice)) return /** @type {any} */ (choice);
  const choices = /** @type {Record<string, any>} */ (choice);
  return choices["softmax" in choices ? network.output : network.activation];
}

/**
 * The mistake nearest to a value that gives what was typed as one of its entries, if one does.
 * @param {Pass} pass
 * @param {string} name
 * @param {import("./types").Index} index
 * @param {string} text
 */
export function mistakeBehind(pass, name, index, text) {
  const steps = Object.keys(rules.formulas);
  const last = steps.indexOf(name);
  const earlier = rules.mistakes.filter(({ step }) => steps.indexOf(step) <= last);
  const right = at([pass.values[name]].flat(), index);
  return earlier.reverse().find((mistake) => {
    const values = [follow(pass, [mistake])[name]].flat();
    const value = index.reduce((inner, i) => inner?.[i], values);
    return typeof value === "number" && !isRight(String(value), right) && isRight(text, value, 0);
  });
}
