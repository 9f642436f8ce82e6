import assert from "node:assert/strict";
import test from "node:test";
import { judged, LEVELS, randomNetwork } from "../backprop/exercise.js";
import { judge } from "../backprop/judging.js";
import { follow } from "../backprop/mistakes.js";
import { entries, rounded } from "../backprop/numbers.js";
import { pass } from "../backprop/certified.js";
import { rules } from "../backprop/rules.js";
import { find } from "../backprop/zeros.js";
import "./data.js";

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);

test("exercises have the zeros of their level and no others", () => {
  for (const seed of SEEDS) {
    const zeros = find(pass(randomNetwork(seed)));
    const kinds = new Set(zeros.flatMap((zero) => zero.causes.map(({ kind }) => kind)));
    const { cause } = LEVELS[seed % LEVELS.length];
    assert.deepEqual([...kinds].sort(), ["inactive", cause].filter(Boolean).sort());
    assert.ok(randomNetwork(seed).x.some((number) => Number(number) !== 0));
  }
});

test("who goes on from values rounded to two digits is right", () => {
  for (const seed of SEEDS) {
    const solved = pass(randomNetwork(seed));
    /** @type {Record<string, any>} */
    const typed = {};
    for (const { value } of rules.steps.filter((step) => step.asked)) {
      const own = follow(solved, [], typed)[value];
      /** @type {(number: any) => any} */
      const round = (number) => (Array.isArray(number) ? number.map(round) : twoDigits(number));
      const texts = entries(round(own));
      for (const [index, text] of texts) {
        assert.equal(
          judged(solved, typed, value, index, text).verdict,
          "right",
          `${seed} ${value} ${text}`,
        );
      }
      /** @type {(number: any) => any} */
      const read = (number) => (Array.isArray(number) ? number.map(read) : Number(number));
      typed[value] = read(round(own));
    }
  }
});

/** @type {(value: number) => string} */
function twoDigits(value) {
  return Math.abs(value) < 1e-12 ? "0" : value.toPrecision(2);
}

test("every mistake is named, with the entry", () => {
  const named = new Set();
  for (const seed of SEEDS.slice(0, 40)) {
    const solved = pass(randomNetwork(seed));
    const trials = rules.mistakes.map((mistake) => ({
      mistake,
      values: follow(solved, [mistake]),
    }));
    for (const { mistake, values } of trials) {
      const { step, kind } = mistake;
      for (const [index, right] of entries(solved.values[step])) {
        const wrong = entryAt(values[step], index);
        if (wrong === undefined || ["right", "digits"].includes(judge(written(wrong), right)))
          continue;
        const { hint } = judged(solved, {}, step, index, written(wrong));
        const twins = trials.filter((other) => {
          const same = entryAt(other.values[step], index) ?? NaN;
          return Math.abs(same - wrong) < 1e-9 * Math.max(1, Math.abs(wrong));
        });
        const sentences = twins.map((twin) => rules.hints[twin.mistake.kind]);
        const isNamed = sentences.some((sentence) => hint.endsWith(sentence));
        assert.ok(isNamed, `${seed} ${kind} ${hint}`);
        named.add(kind);
      }
    }
  }
  assert.deepEqual([...named].sort(), [...new Set(rules.mistakes.map(({ kind }) => kind))].sort());
});

/** @type {(values: any, index: number[]) => number | undefined} */
function entryAt(values, index) {
  const entry = index.reduce((inner, i) => inner?.[i], [values].flat());
  return typeof entry === "number" ? entry : undefined;
}

/** @type {(value: number) => string} */
function written(value) {
  return Math.abs(value) < 1e-12 ? "0" : String(value);
}

test("a hint says which entry it means", () => {
  const solved = pass(randomNetwork(3));
  const { hint } = judged(solved, {}, "dW_H", [1, 0], "-77");
  assert.equal(hint, `Row 2 column 1: ${rules.hints.wrong}`);
  assert.equal(judged(solved, {}, "loss", [0], "-77").hint, rules.hints.wrong);
  assert.equal(rounded(0.5), "0.5");
});
