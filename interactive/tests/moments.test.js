import assert from "node:assert/strict";
import test from "node:test";
import { averages, largestDeviation, normals, stepSize, weightSum } from "../adam/moments.js";

test("the weights of all gradients and of the zero sum to 1", () => {
  for (const beta of [0, 0.5, 0.9, 0.999]) {
    for (const t of [1, 2, 10, 1000]) {
      const weights = Array.from({ length: t }, (_, i) => (1 - beta) * beta ** i);
      const sum = weights.reduce((all, weight) => all + weight, 0);
      assert.ok(Math.abs(weightSum(beta, t) - sum) < 1e-12);
      const constant = averages(Array(t).fill(2), beta);
      assert.ok(Math.abs(constant[t - 1] - 2 * sum) < 1e-11);
    }
  }
});

test("the step furthest from the learning rate is found", () => {
  assert.equal(largestDeviation(0.9, 0.999, 100000), 12);
  assert.equal(stepSize(0.9, 0.999, 12).toFixed(2), "6.57");
  assert.ok(Math.abs(stepSize(0.9, 0.999, 1) - 0.1 / Math.sqrt(0.001)) < 1e-12);
});

test("random gradients are normal, and those of a seed the same", () => {
  const numbers = normals(7, 20000);
  const mean = numbers.reduce((sum, z) => sum + z, 0) / numbers.length;
  const variance = numbers.reduce((sum, z) => sum + z * z, 0) / numbers.length;
  assert.ok(Math.abs(mean) < 0.03);
  assert.ok(Math.abs(variance - 1) < 0.05);
  assert.deepEqual(normals(7, 5), numbers.slice(0, 5));
});
