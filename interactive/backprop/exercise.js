// Exercises: networks to practise on, and what to say of a typed number.

/** @typedef {import("./types").Network} Network */
/** @typedef {import("./types").Pass} Pass */
/** @typedef {import("./types").Values} Values */
import { isZero } from "./exact.js";
import { isRight, judge } from "./judging.js";
import { follow, mistakeBehind } from "./mistakes.js";
import { oneHot } from "./network.js";
import { at, entries, label } from "./numbers.js";
import { pass } from "./certified.js";
import { rules } from "./rules.js";
import { find } from "./zeros.js";

/** @typedef {{ hidden: number, output: string, cause: string | null }} Level */

/**
 * From easy to hard: hidden units, output, and what makes a derivative zero beside a ReLU that is
 * off. An exercise's number modulo their count is its level.
 * @type {Level[]}
 */
export const LEVELS = [
  { hidden: 2, output: "softmax", cause: null },
  { hidden: 2, output: "softmax", cause: "input" },
  { hidden: 3, output: "softmax", cause: "equal" },
  { hidden: 3, output: "sigmoid", cause: "disconnected" },
];
const EASIEST = 0.1;
const HARDEST = 4; // nats
const SMALLEST = 0.005; // size of a value that is not 0

/**
 * The network of an exercise.
 * @param {number} seed
 */
export function randomNetwork(seed) {
  const random = generator(seed);
  const level = LEVELS[seed % LEVELS.length];
  for (;;) {
    const network = draw(random, level);
    if (isExercise(pass(network), level)) return network;
  }
}

/** @type {(random: () => number, level: Level) => Network} */
function draw(random, { hidden, output }) {
  /** @type {(n: number) => number} */
  const below = (n) => Math.floor(random() * n);
  /** @type {<T>(length: number, make: () => T) => T[]} */
  const many = (length, make) => Array.from({ length }, make);
  const whole = () => `${below(7) - 3}`;
  const outputs = output === "softmax" ? 2 : 1;
  return {
    x: many(2, whole),
    y: output === "softmax" ? oneHot(2, below(2)) : [`${below(2)}`],
    W_H: many(hidden, () => many(2, whole)),
    b_H: many(hidden, whole),
    W_O: many(outputs, () => many(hidden, whole)),
    b_O: many(outputs, whole),
    activation: "relu",
    output,
  };
}

/**
 * A unit is off, another one learns, and nothing but this and the level's cause makes a zero; no
 * unit is at its kink, not all inputs are 0, the loss is neither small nor large, and no value too
 * small to be typed.
 * @type {(pass: Pass, level: Level) => boolean}
 */
function isExercise(pass, { cause }) {
  const { values, numbers, active, exactZ } = pass;
  const causes = new Set(find(pass).flatMap((zero) => zero.causes.map(({ kind }) => kind)));
  const expected = ["inactive", ...(cause ? [cause] : [])];
  const sizes = Object.values(values).flatMap((value) => [value].flat(2).map(Math.abs));
  return (
    active.includes(true) &&
    !exactZ.some(isZero) &&
    numbers.x.some((/** @type {number} */ value) => value) &&
    values.db_H.some((/** @type {number} */ value) => value) &&
    causes.size === expected.length &&
    expected.every((kind) => causes.has(kind)) &&
    values.loss >= EASIEST &&
    values.loss <= HARDEST &&
    sizes.every((size) => size === 0 || size >= SMALLEST)
  );
}

/**
 * Park and Miller's random numbers; close seeds have close first numbers.
 * @param {number} seed
 */
function generator(seed) {
  let state = seed + 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 9; i += 1) next();
  return next;
}

/**
 * The right values of a question, as a vector or matrix.
 * @type {(values: Values, name: string) => any[]}
 */
export function truth(values, name) {
  return [values[name]].flat();
}

/**
 * The verdict on a text, and what may have gone wrong. What follows from right numbers that were
 * typed before, and rounded, is right, too.
 * @param {Pass} pass
 * @param {Values} typed right values that were typed, by the names of their steps
 * @param {string} name
 * @param {import("./types").Index} index
 * @param {string} text
 */
export function judged(pass, typed, name, index, text) {
  const right = at(truth(pass.values, name), index);
  const verdict = followed(pass, typed, name, index, text) ? "right" : judge(text, right);
  const isOff = verdict === "wrong" || verdict === "early";
  const kind = (isOff && mistakeBehind(pass, name, index, text)?.kind) || verdict;
  const hint = rules.hints[kind] ?? "";
  const isOne = entries(pass.values[name]).length === 1;
  return { verdict, hint: isOne || !hint ? hint : `${place(index)}: ${hint}` };
}

/**
 * Whether a text is right as it follows from what was typed before; of a zero, nothing else does.
 * @type {(pass: Pass, typed: Values, name: string, index: import("./types").Index, text: string) => boolean}
 */
function followed(pass, typed, name, index, text) {
  const earlier = { ...typed };
  delete earlier[name];
  const values = follow(pass, [], earlier);
  const right = at(truth(pass.values, name), index);
  return right !== 0 && isRight(text, at(truth(values, name), index));
}

/** @type {(index: import("./types").Index) => string} */
function place(index) {
  return label(index.length > 1 ? "" : "Entry", index)
    .trim()
    .replace(/^r/, "R");
}
