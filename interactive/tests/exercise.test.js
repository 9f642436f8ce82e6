import assert from "node:assert/strict";
import test from "node:test";
import { judged, LEVELS, randomNetwork } from "../backprop/exercise.js";
import { judge } from "../backprop/judging.js";
import { follow } from "../backprop/mistakes.js";
import { entries, rounded } from "../backprop/numbers.js";
import { pass } from "../backprop/passes.js";
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
  const seen = new Set();
  for (const seed of SEEDS) {
    const solved = pass(randomNetwork(seed));
    for (const mistake of rules.mistakes) {
      const wrong = follow(solved, [mistake])[mistake.step];
      if (wrong === undefined) continue;
      const right = new Map(
        entries(solved.values[mistake.step]).map(([index, value]) => [index.join(), value]),
      );
      entries(wrong).forEach(([index, value]) => {
        const text = Math.abs(value) < 1e-12 ? "0" : String(value);
        const verdict = judge(text, right.get(index.join()) ?? NaN);
        if (!right.has(index.join()) || verdict === "right" || verdict === "digits") return;
        const { hint } = judged(solved, {}, mistake.step, index, text);
        const twins = rules.mistakes.filter((other) => {
          const [same] = entries(follow(solved, [other])[mistake.step] ?? NaN).filter(
            ([place]) => place.join() === index.join(),
          );
          return same && Math.abs(same[1] - value) < 1e-9 * Math.max(1, Math.abs(value));
        });
        const sentences = twins.map(({ kind }) => rules.hints[kind]);
        assert.ok(
          sentences.some((sentence) => hint.endsWith(sentence)),
          `${seed} ${mistake.kind} ${hint}`,
        );
        seen.add(mistake.kind);
      });
    }
  }
  assert.deepEqual([...seen].sort(), [...new Set(rules.mistakes.map(({ kind }) => kind))].sort());
});

test("a hint says which entry it means", () => {
  const solved = pass(randomNetwork(3));
  const { hint } = judged(solved, {}, "dW_H", [1, 0], "-77");
  assert.equal(hint, `Row 2 column 1: ${rules.hints.wrong}`);
  assert.equal(judged(solved, {}, "loss", [0], "-77").hint, rules.hints.wrong);
  assert.equal(rounded(0.5), "0.5");
});
