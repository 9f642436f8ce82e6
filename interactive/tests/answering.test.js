import assert from "node:assert/strict";
import { test } from "node:test";
import { fromToml, toToml } from "../answering/answersfile.js";

const shapes = { loss: [], db_O: [2], dW_H: [3, 2] };

test("what is saved is loaded again", () => {
  const answers = new Map([
    ["loss", ["1/3"]],
    ["db_O", ["0,5", ""]],
    ["dW_H", ["1", "", "3", "−4", "5", '"'.slice(1)]],
  ]);
  const text = toToml(answers, ["dW_H[2,1]"], shapes);
  assert.ok(text.includes('dW_H = [["1", "?"], ["3", "−4"], ["5", "?"]]\n'));
  assert.deepEqual(fromToml(text), { answers, zeros: new Set(["dW_H[2,1]"]) });
});

test("what nobody filled in is left out", () => {
  assert.equal(toToml(new Map([["db_O", ["", ""]]]), [], shapes), "");
});

test("files written by hand are read", () => {
  const text = '# mine\ndW_H = [[1, .5], # a\n ["1/3", -2e-3]]\nzeros = ["dW_H[2, 1]"]\nloss = 3';
  const { answers, zeros } = fromToml(text);
  assert.deepEqual(answers.get("dW_H"), ["1", ".5", "1/3", "-2e-3"]);
  assert.deepEqual(answers.get("loss"), ["3"]);
  assert.deepEqual([...zeros], ["dW_H[2,1]"]);
});
