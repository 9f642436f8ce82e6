// Forward and backward pass in doubles; the twin of hw1lib.backprop.certified. What decides is
// exact: a derivative is 0 only if it is exactly 0 or smaller than every double. These formulas
// neither overflow nor cancel; the steps as the chapter writes them are those of `rules.formulas`.

/** @typedef {import("./types").Fraction} Fraction */
/** @typedef {import("./types").Network} Network */
/** @typedef {import("./types").OutputClass} OutputClass */
/** @typedef {import("./types").Pass} Pass */
import * as exact from "./exact.js";
import { outer, total } from "./numbers.js";

const { ZERO, add, minus, times, toNumber, isZero, isPositive } = exact;
const HALF = exact.parse("1/2");

/**
 * Activations of units that are on. Exponentials are of -|z|: none overflows.
 * @type {Record<string, (z: number) => number>}
 */
const ACTIVATIONS = {
  relu: (z) => z,
  identity: (z) => z,
  tanh: Math.tanh,
  sigmoid: (z) => (z >= 0 ? 1 : Math.exp(z)) / (1 + Math.exp(-Math.abs(z))),
};

/** Their slopes. @type {Record<string, (z: number) => number>} */
const SLOPES = { relu: () => 1, identity: () => 1, tanh: (z) => 4 * bell(2 * z), sigmoid: bell };

/** @type {(z: number) => number} */
function bell(z) {
  const small = Math.exp(-Math.abs(z));
  return small / (1 + small) ** 2;
}

/**
 * All values of both passes, and what is exact of them.
 * @param {Network} network
 * @returns {Pass}
 */
export function pass(network) {
  /** @type {(change: (item: any) => any) => (value: any) => any} */
  const map = (change) => (value) =>
    Array.isArray(value) ? value.map(map(change)) : change(value);
  /** @type {Record<string, any>} */
  const given = {};
  /** @type {Record<string, any>} */
  const numbers = {};
  for (const name of ["x", "y", "W_H", "b_H", "W_O", "b_O"]) {
    given[name] = map(exact.parse)(network[name]);
    numbers[name] = map(toNumber)(given[name]);
  }
  const exactZ = /** @type {Fraction[][]} */ (given.W_H).map((row, j) =>
    row.reduce((z, w, i) => add(z, times(w, given.x[i])), given.b_H[j]),
  );
  const active = exactZ.map((z) => network.activation !== "relu" || isPositive(z));
  const units = { network, given, numbers, exactZ, active };
  const classes = outputClasses(units);
  const values = { ...forward(units), ...errors(units, classes) };
  return { ...units, classes, values: { ...values, ...gradients(units, values) } };
}

/** @typedef {Pick<Pass, "network" | "given" | "numbers" | "exactZ" | "active">} Units */

/** @type {(units: Units) => import("./types").Values} */
function forward(units) {
  const { network, given, exactZ, active } = units;
  const z_H = exactZ.map(toNumber);
  const [h, slope] = [ACTIVATIONS, SLOPES].map((functions) =>
    z_H.map((z, j) => (active[j] ? functions[network.activation](z) : 0)),
  );
  const rows = /** @type {Fraction[][]} */ (given.W_O);
  const z_O = rows.map((row, k) => logit(units, row, given.b_O[k]).value);
  return { z_H, h, slope, z_O };
}

/** @type {(units: Units, values: import("./types").Values) => import("./types").Values} */
function gradients({ numbers }, { h, slope, db_O, dL_dh }) {
  const db_H = dL_dh.map((/** @type {number} */ d, /** @type {number} */ j) => d * slope[j]);
  return { db_H, dW_H: outer(db_H, numbers.x), dW_O: outer(db_O, h) };
}

/**
 * A row of W_O h + b_O: its value, and a key that only equal ones share. It is a sum of c tanh(a)
 * with distinct a > 0 and of a constant, for which tanh(a) is 1.
 * @param {Units} units
 * @param {Fraction[]} row
 * @param {Fraction} bias
 */
function logit({ network, exactZ, active }, row, bias) {
  /** @type {Record<string, { key: string, c: Fraction, tanh: number }>} */
  const terms = {};
  /** @type {(a: Fraction | null, c: Fraction) => void} */
  const join = (a, c) => {
    const key = a ? exact.key(a) : "";
    const tanh = a ? Math.tanh(toNumber(a)) : 1;
    terms[key] = { key, c: add(terms[key]?.c ?? ZERO, c), tanh };
  };
  join(null, bias);
  row.forEach((weight, j) => {
    const z = exactZ[j];
    const [size, turned] = isPositive(z) ? [z, weight] : [minus(z), minus(weight)];
    if (network.activation === "tanh") {
      join(size, turned);
    } else if (network.activation === "sigmoid") {
      join(null, times(weight, HALF)); // 1/2 + tanh(z/2)/2
      join(times(size, HALF), times(turned, HALF));
    } else if (active[j]) {
      join(null, times(weight, z));
    }
  });
  const left = Object.values(terms).filter(({ c, tanh }) => !isZero(c) && tanh);
  const keys = left.map(({ key, c }) => `${key} ${exact.key(c)}`);
  return {
    value: total(left.map(({ c, tanh }) => toNumber(c) * tanh)),
    key: keys.sort().join(),
  };
}

/**
 * The output as a softmax over classes, each with its weights less the target's and the distance
 * of its logit from the target's. A sigmoid's second class has weights and logit 0.
 * @param {Units} units
 * @returns {OutputClass[]}
 */
function outputClasses(units) {
  const { W_O, b_O, y } = units.given;
  const one = y.findIndex(isPositive);
  const isSoftmax = units.network.output === "softmax";
  const target = isSoftmax || one === 0 ? one : 1;
  /** @type {Fraction[][]} */
  const rows = isSoftmax ? W_O : [...W_O, W_O[0].map(() => ZERO)];
  const biases = [...b_O, ZERO];
  return rows.map((row, k) => {
    const weights = row.map((w, j) => add(w, minus(rows[target][j])));
    const bias = add(biases[k], minus(biases[target]));
    return { weights, gap: logit(units, weights, bias), isTarget: k === target };
  });
}

/**
 * What hidden unit j pulls at each distinct logit, the sum over its classes of W_kj - W_tj. dL/dh_j
 * is the sum of pull * e^logit over that of e^logit, and 0 if and only if every pull is.
 * @param {OutputClass[]} classes
 * @param {number} j
 */
export function pulls(classes, j) {
  /** @type {Record<string, { k: number, pull: Fraction }>} */
  const byLogit = {};
  classes.forEach(({ weights, gap }, k) => {
    byLogit[gap.key] = { k, pull: add(byLogit[gap.key]?.pull ?? ZERO, weights[j]) };
  });
  return Object.values(byLogit).filter(({ pull }) => !isZero(pull));
}

/**
 * Prediction, loss, and the errors that flow back from it.
 * @type {(units: Units, classes: OutputClass[]) => import("./types").Values}
 */
function errors({ numbers }, classes) {
  const outputs = numbers.b_O.length;
  const highest = Math.max(...classes.map(({ gap }) => gap.value));
  const powers = classes.map(({ gap }) => Math.exp(gap.value - highest));
  const sum = total(powers);
  const others = total(powers.filter((_, k) => !classes[k].isTarget));
  const loss = highest > 0 ? highest + Math.log(sum) : Math.log1p(others);
  const y_hat = powers.map((power) => power / sum).slice(0, outputs);
  // The target's error is minus the others': y-hat - 1 would cancel.
  const errors = powers.map((power, k) => (classes[k].isTarget ? -others : power) / sum);
  const dL_dh = classes[0].weights.map(
    (_, j) => total(pulls(classes, j).map(({ k, pull }) => toNumber(pull) * powers[k])) / sum,
  );
  return { y_hat, loss, db_O: errors.slice(0, outputs), dL_dh };
}
