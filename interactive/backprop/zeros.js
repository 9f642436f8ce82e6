// Which derivatives are zero, and why; the twin of hw1lib.backprop.zeros.

/** @typedef {import("./types").Cause} Cause */
/** @typedef {import("./types").Pass} Pass */
/** @typedef {import("./types").Zero} Zero */
import * as exact from "./exact.js";
import { entries } from "./numbers.js";
import { pulls } from "./certified.js";
import { rules } from "./rules.js";

/**
 * The zero derivatives of a pass.
 * @param {Pass} pass
 * @returns {Zero[]}
 */
export function find(pass) {
  const { values, given } = pass;
  const inputs = /** @type {import("./types").Fraction[]} */ (given.x).map((x, i) =>
    exact.isZero(x) ? [cause("input", i)] : [],
  );
  const hidden = pass.active.map((_, j) => ofHidden(pass, j));
  const activation = pass.active.map((_, j) => ofActivation(pass, j));
  const output = [...values.db_O.keys()].map((k) => ofOutput(pass, k));
  /** @type {Record<string, (...index: number[]) => Cause[]>} */
  const causes = {
    W_H: (j, i) => [...hidden[j], ...inputs[i]],
    b_H: (j) => hidden[j],
    W_O: (k, j) => [...activation[j], ...output[k]],
    b_O: (k) => output[k],
  };
  return rules.parameters.flatMap((parameter) => {
    const zeros = entries(values[`d${parameter}`]).filter(([, value]) => !value);
    return zeros.map(([index]) => {
      const known = causes[parameter](...index);
      const key = [parameter, ...index].join("-");
      return { parameter, index, key, causes: known.length ? known : [cause("tiny")] };
    });
  });
}

/** @type {(kind: string, unit?: number) => Cause} */
function cause(kind, unit = 0) {
  return { kind, unit };
}

/** @type {(pass: Pass, j: number) => Cause[]} */
function off({ active, exactZ }, j) {
  if (active[j]) return [];
  return [cause(exact.isZero(exactZ[j]) ? "kink" : "inactive", j)];
}

/** @type {(pass: Pass, j: number) => Cause[]} */
function ofActivation(pass, j) {
  if (pass.values.h[j]) return [];
  if (exact.isZero(pass.exactZ[j])) return [cause("silent", j)]; // whatever the slope is there
  return [cause(pass.active[j] ? "faint" : "inactive", j)];
}

/** @type {(pass: Pass, k: number) => Cause[]} */
function ofOutput({ classes, values }, k) {
  if (classes.length === 1) return [cause("single")];
  return values.db_O[k] ? [] : [cause("saturated", k)];
}

/**
 * The unit is off, what it contributes cancels, or a factor is too small.
 * @type {(pass: Pass, j: number) => Cause[]}
 */
function ofHidden(pass, j) {
  const { classes, values, given } = pass;
  const outputs = /** @type {number[]} */ ([...values.db_O.keys()]);
  const reached = outputs.filter((k) => !exact.isZero(given.W_O[k][j]));
  const areEqual = classes.every(({ weights }) => exact.isZero(weights[j]));
  if (!pass.active[j]) return off(pass, j);
  if (classes.length === 1) return [cause("single")];
  if (!reached.length) return [cause("disconnected", j)];
  if (!pulls(classes, j).length) return [cause(areEqual ? "equal" : "cancelling", j)];
  if (!values.slope[j]) return [cause("flat", j)];
  if (reached.every((k) => !values.db_O[k])) return reached.map((k) => cause("saturated", k));
  return values.db_H[j] ? [] : [cause("tiny")];
}

/** @type {(cause: Cause) => string} */
export function reason({ kind, unit }) {
  return rules.reasons[kind].replace("{unit}", String(unit + 1));
}

/** @type {(zero: Zero) => string} */
export function reasons(zero) {
  return zero.causes.map(reason).join("; and ");
}
