import assert from "node:assert/strict";
import test from "node:test";
import * as exact from "../backprop/exact.js";
import { follow } from "../backprop/mistakes.js";
import { fromAddress, read, toAddress, write } from "../backprop/network.js";
import { entries } from "../backprop/numbers.js";
import { pass } from "../backprop/certified.js";
import { rules } from "../backprop/rules.js";
import { find, reasons } from "../backprop/zeros.js";
import { networks } from "./data.js";

/** @type {(mine: any, theirs: any, tolerance: number, words: string) => void} */
function assertClose(mine, theirs, tolerance, words) {
  const expected = entries(theirs).map(([, value]) => value);
  const scale = Math.max(1, ...expected.map(Math.abs));
  entries(mine).forEach(([, value], i) => {
    assert.ok(
      Math.abs(value - expected[i]) <= tolerance * scale,
      `${words}: ${value} ${expected[i]}`,
    );
  });
}

test("all values are the package's, and zeros are zeros", () => {
  for (const { text, values, zeros } of networks) {
    const solved = pass(read(text));
    for (const [name, expected] of Object.entries(values)) {
      assertClose(solved.values[name], expected, 1e-12, name);
      const isZero = (/** @type {any} */ all) => entries(all).map(([, value]) => value === 0);
      if (name.startsWith("d")) assert.deepEqual(isZero(solved.values[name]), isZero(expected));
    }
    const words = find(solved).map((zero) => [zero.parameter, zero.index, reasons(zero)]);
    assert.deepEqual(words, zeros);
  }
});

test("the formulas of the mistakes give the same passes", () => {
  for (const { text } of networks) {
    const solved = pass(read(text));
    const values = follow(solved);
    const isLarge = values.z_O.some((/** @type {number} */ z) => Math.abs(z) > 15);
    if (isLarge || solved.exactZ.some(exact.isZero)) continue; // doubles are rough or miss a kink
    for (const name of Object.keys(rules.formulas)) {
      assertClose(values[name], solved.values[name], 1e-9, name);
    }
  }
});

test("files and addresses read back as they were", () => {
  for (const { text } of networks) {
    const network = read(text);
    assert.deepEqual(read(write(network)), network);
    assert.deepEqual(fromAddress(toAddress(network)), network);
  }
});

test("fractions are exact", () => {
  const third = exact.parse("1/3");
  const sum = exact.add(exact.add(third, third), exact.parse("0.1e1"));
  assert.equal(exact.key(sum), "5/3");
  assert.equal(exact.write(exact.times(sum, exact.parse("-0.3"))), "-0.5");
  assert.ok(Math.abs(exact.toNumber(exact.parse("1e-30")) / 1e-30 - 1) < 1e-15);
});
