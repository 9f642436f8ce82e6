// The value of a formula; the twin of hw1lib.backprop.formulas.

/** @typedef {import("./types").Tree} Tree */
/** @typedef {import("./types").Values} Values */
import { outer, total, transpose } from "./numbers.js";

/** Shapes that don't fit, or a value that isn't there. */
export class Impossible extends Error {}

/** numpy's functions. @type {Record<string, (...operands: any[]) => any>} */
const FUNCTIONS = {
  add: entrywise((a, b) => a + b),
  subtract: entrywise((a, b) => a - b),
  multiply: entrywise((a, b) => a * b),
  divide: entrywise((a, b) => a / b),
  power: entrywise((a, b) => a ** b),
  greater: entrywise((a, b) => Number(a > b)),
  maximum: entrywise(Math.max),
  negative: entrywise((a) => -a),
  exp: entrywise(Math.exp),
  log: entrywise(Math.log),
  tanh: entrywise(Math.tanh),
  ones_like: entrywise(() => 1),
  sum: total,
  outer,
  transpose,
  roll,
  matmul,
};

/** @type {(vector: number[], shift: number) => any[]} */
function roll(vector, shift) {
  return vector.map((_, i) => vector.at((i - shift) % vector.length));
}

/** @type {(left: any[], right: number[]) => any} */
function matmul(left, right) {
  return Array.isArray(left[0]) ? left.map((row) => dot(row, right)) : dot(left, right);
}

/** @type {(left: number[], right: number[]) => number} */
function dot(left, right) {
  return total(FUNCTIONS.multiply(left, right));
}

/**
 * A function of numbers, for each entry of vectors and matrices; a number goes with each of them.
 * @param {(...numbers: number[]) => number} f
 * @returns {(...operands: any[]) => any}
 */
function entrywise(f) {
  /** @type {(...operands: any[]) => any} */
  const apply = (...operands) => {
    const lengths = operands.filter(Array.isArray).map((operand) => operand.length);
    if (!lengths.length) return f(...operands);
    if (lengths.some((length) => length !== lengths[0])) throw new Impossible();
    return Array.from({ length: lengths[0] }, (_, i) =>
      apply(...operands.map((operand) => (Array.isArray(operand) ? operand[i] : operand))),
    );
  };
  return apply;
}

/**
 * The value of a tree: a name, a number, or a function and its operands.
 * @type {(tree: Tree, values: Values) => any}
 */
export function evaluate(tree, values) {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") {
    if (!(tree in values)) throw new Impossible();
    return values[tree];
  }
  const [name, ...operands] = tree;
  return FUNCTIONS[name](...operands.map((operand) => evaluate(operand, values)));
}
