import assert from "node:assert/strict";
import test from "node:test";
import { judge, plain } from "../backprop/judging.js";
import { judging } from "./data.js";

const VERDICTS = ["right", "digits", "early", "wrong", "unreadable", "open"];

for (const group of judging) {
  test(group.about, () => {
    const value = group.value ?? NaN;
    for (const verdict of VERDICTS) {
      for (const text of group[verdict] ?? []) {
        assert.equal(judge(text, value, group.rtol, group.digits_needed), verdict, text);
      }
    }
  });
}

test("what is typed becomes what network files have", () => {
  assert.equal(plain(" −0,5 "), "-0.5");
  assert.equal(plain("1_000"), "1000");
  assert.equal(plain("1 / 3"), "1/3");
  assert.equal(plain("1" + " ".repeat(250000) + "/2"), null);
});
