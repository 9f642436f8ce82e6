// What pytest writes for these tests: the package's rules, and networks with what it says of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../backprop/rules.js";

const folder = process.env.HW1_NODE_DATA;
if (!folder) throw new Error("Run these tests by pytest tests/interactive/test_node.py.");

/** @type {(path: string | URL) => any} */
function load(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

Object.assign(rules, load(join(folder, "rules.json")));
export const networks = load(join(folder, "networks.json"));
export const judging = load(new URL("../../tests/backprop/judging.json", import.meta.url));
