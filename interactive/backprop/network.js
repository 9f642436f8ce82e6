// Reads and writes network.toml, and refuses what the package refuses, in its sentences.

/** @typedef {import("./types").Network} Network */
import * as exact from "./exact.js";
import { plain } from "./judging.js";
import { rules } from "./rules.js";

const INTEGER = /^[+-]?(0|[1-9](_?\d)*)$/;
const NUMBER = /^[+-]?(inf|nan|(0|[1-9](_?\d)*)(\.\d(_?\d)*)?(e[+-]?\d(_?\d)*)?)$/i;

export class Refusal extends Error {}

/** @type {(kind: string, values?: Record<string, any>) => never} */
function refuse(kind, values = {}) {
  throw new Refusal(rules.refusals[kind].replace(/\{(\w+)\}/g, (_, name) => values[name]));
}

/** @type {(line: number) => never} */
function refuseSyntax(line) {
  refuse("syntax", { reason: `at line ${line}` });
}

/**
 * The sentence with which an action is refused, if it is.
 * @param {() => void} action
 */
export function refusalOf(action) {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return "";
}

/** @type {(text: string) => Network} */
export function read(text) {
  if (text.length > rules.largest_file) refuse("large_file");
  const plainText = text.replace(/^\uFEFF/, "");
  let file;
  try {
    file = fields(plainText);
  } catch (error) {
    const slip = firstSlip(plainText);
    throw slip ? new Refusal(`${slip}.`) : error;
  }
  return check(file);
}

/**
 * The first line with something that TOML does not take, and what to write instead.
 * @param {string} text
 */
function firstSlip(text) {
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const [bare] = line.replace(/"[^"]*"|'[^']*'/g, '""').split("#");
    for (const [pattern, cure] of Object.entries(rules.slips)) {
      if (new RegExp(pattern).test(bare)) return `in line ${number + 1}, ${cure}`;
    }
  }
  return "";
}

/**
 * The fields of `name = value` lines, of which a list may take several. A value is a list, true or
 * false, or a text, as numbers are.
 * @param {string} text
 */
function fields(text) {
  const file = Object.create(null);
  let statement = "";
  text.split(/\r?\n/).forEach((line, i, lines) => {
    statement += line.replace(/^(("[^"]*"|'[^']*'|[^"'#])*)#.*/, "$1");
    const depth = statement.split("[").length - statement.split("]").length;
    if (depth > 0 && i + 1 < lines.length) return;
    if (statement.trim()) assign(file, statement, i + 1);
    statement = "";
  });
  return file;
}

/**
 * Reads one statement, its value by way of JSON.
 * @type {(file: Record<string, any>, statement: string, line: number) => void}
 */
function assign(file, statement, line) {
  const [, name, value] =
    statement.match(/^\s*["']?([^\s"'=]+)["']?\s*=(.*)$/) ?? refuseSyntax(line);
  const json = value.replace(/"[^"\\]*"|'[^']*'|[\w+.-]+/g, scalar).replace(/,\s*\]/g, "]");
  if (name in file) refuseSyntax(line);
  try {
    file[name] = JSON.parse(json);
  } catch {
    refuseSyntax(line);
  }
}

/** @type {(token: string) => string} */
function scalar(token) {
  if (INTEGER.test(token)) return `"${token.replaceAll("_", "")}"`;
  if (/^["']/.test(token)) return JSON.stringify(token.slice(1, -1));
  if (NUMBER.test(token)) return `"${token}"`;
  return ["true", "false"].includes(token) ? token : "?";
}

/**
 * The network that the fields make; the checks come in the package's order.
 * @param {Record<string, any>} file
 */
function check(file) {
  for (const name of Object.keys(file))
    if (!rules.fields.includes(name)) refuse("unknown", { name: shown(name) });
  for (const name of rules.required) if (!(name in file)) refuse("missing", { name });
  const network = /** @type {Network} */ ({});
  for (const [name, allowed] of Object.entries(rules.choices)) {
    network[name] = file[name] ?? allowed[0];
    if (allowed.includes(network[name])) continue;
    const word = meant(network[name], allowed);
    refuse(word ? "synonym" : name, { name, value: shown(network[name]), word });
  }
  if (typeof (file.example ?? false) !== "boolean")
    refuse("example", { value: shown(file.example) });
  for (const name of ["x", "b_H", "b_O"]) network[name] = vector(name, file[name]);
  network.y = vector("y", Array.isArray(file.y) ? file.y : [file.y]);
  for (const name of ["W_H", "W_O"]) network[name] = matrix(name, file[name]);
  const [n, m, k] = sizes(network);
  checkShape(network, "W_H", `${m} x ${n}`);
  checkShape(network, "W_O", `${k} x ${m}`);
  checkTarget(network);
  return network;
}

/**
 * Which of the allowed words somebody meant who wrote another name of it, or capitals.
 * @type {(value: any, allowed: string[]) => string | undefined}
 */
function meant(value, allowed) {
  const word = String(value).trim().toLowerCase();
  return allowed.find((other) => other === (rules.synonyms[word] ?? word));
}

/**
 * The text of an integer, a decimal or a fraction.
 * @type {(name: string, value: any) => string}
 */
export function number(name, value) {
  const text = typeof value === "string" ? value.trim() : "";
  if (!INTEGER.test(text) && !new RegExp(`^(${rules.number})$`).test(text))
    refuse("number", { name, value: shown(value) });
  const size = exact.parse(text.replace("-", ""));
  if (size.top > BigInt(rules.largest) * size.bottom) refuse("large", { name });
  return text;
}

/** @type {(name: string, value: any) => string[]} */
function vector(name, value) {
  if (!Array.isArray(value) || !value.length || value.length > rules.units)
    refuse("vector", { name });
  if ("xy".includes(name) && value.every(Array.isArray)) refuse("batch", { name });
  return value.map((item) => number(name, item));
}

/** @type {(name: string, value: any) => string[][]} */
function matrix(name, value) {
  const rows = Array.isArray(value) && value.every(Array.isArray) ? value : [];
  if (!rows.length || rows.length > rules.units) refuse("matrix", { name });
  const numbers = rows.map((row) => vector(name, row));
  const lengths = numbers.map((row) => row.length);
  if (new Set(lengths).size > 1) refuse("lengths", { name, lengths: lengths.join(", ") });
  return numbers;
}

/** @type {(network: Network, name: string, wanted: string) => void} */
function checkShape(network, name, wanted) {
  const shape = `${network[name].length} x ${network[name][0].length}`;
  if (shape !== wanted) refuse(`shape_${name}`, { shape, wanted });
}

/** @type {(network: Network) => void} */
function checkTarget({ y, b_O, output }) {
  const outputs = b_O.length;
  const texts = y
    .map((text) => exact.write(exact.parse(text)))
    .sort()
    .join();
  if (y.length !== outputs) refuse("target_length", { length: y.length, outputs });
  if (output === "softmax" && texts !== oneHot(outputs, outputs - 1).join()) refuse("one_hot");
  if (output === "sigmoid" && outputs !== 1) refuse("sigmoid_units", { outputs });
  if (output === "sigmoid" && !["0", "1"].includes(texts))
    refuse("sigmoid_target", { value: texts });
}

/**
 * A value as the package's sentences show it: quoted where it is text, and short.
 * @type {(value: any) => string}
 */
function shown(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`.slice(0, 60);
  if (INTEGER.test(value)) return value;
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const text = quote + value.replace(quote === "'" ? /[\\']/g : /\\/g, "\\$&") + quote;
  return text.length > 30 ? `${text.slice(0, 13)}...${text.slice(-14)}` : text;
}

/** @type {(network: Network) => string} */
export function write(network) {
  /** @type {(item: any) => string} */
  const value = (item) => (Array.isArray(item) ? `[${item.map(value).join(", ")}]` : bare(item));
  /** @type {(text: string) => string} */
  const bare = (text) => (NUMBER.test(text) ? text : `"${text}"`);
  const names = [...rules.required, ...Object.keys(rules.choices)];
  return names.map((name) => `${name} = ${value(network[name])}\n`).join("");
}

/** @type {(network: Network) => number[]} */
export function sizes({ x, b_H, b_O }) {
  return [x.length, b_H.length, b_O.length];
}

/**
 * With another number of units in layer 0, 1 or 2; new weights are 1.
 * @type {(network: Network, layer: number, size: number) => Network}
 */
export function resized(network, layer, size) {
  const [n, m, k] = sizes(network).map((old, i) => (i === layer ? size : old));
  /** @type {(values: any[], length: number, filler: any) => any[]} */
  const fit = (values, length, filler) => Array.from({ length }, (_, i) => values[i] ?? filler);
  /** @type {(rows: any[][], height: number, width: number) => any[][]} */
  const grid = (rows, height, width) => fit(rows, height, []).map((row) => fit(row, width, "1"));
  const target = Math.min(
    network.y.findIndex((text) => Number(text) === 1),
    k - 1,
  );
  const y = network.output === "sigmoid" ? network.y : oneHot(k, target);
  return {
    ...network,
    y,
    x: fit(network.x, n, "1"),
    W_H: grid(network.W_H, m, n),
    b_H: fit(network.b_H, m, "0"),
    W_O: grid(network.W_O, k, m),
    b_O: fit(network.b_O, k, "0"),
  };
}

/**
 * With another output function, and as many outputs as it takes.
 * @type {(network: Network, output: string) => Network}
 */
export function withOutput(network, output) {
  const hot = Number(network.y[0]) === 1;
  const other = resized(network, 2, output === "softmax" ? 2 : 1);
  return { ...other, output, y: output === "softmax" ? oneHot(2, hot ? 0 : 1) : [hot ? "1" : "0"] };
}

/** @type {(size: number, hot: number) => string[]} */
export function oneHot(size, hot) {
  return Array.from({ length: size }, (_, i) => (i === hot ? "1" : "0"));
}

/**
 * What was typed into a field, as network files have it.
 * @param {string} typed
 */
export function typedNumber(typed) {
  const text = plain(typed);
  if (text === null) throw new Refusal(rules.hints.unreadable);
  return number("The network", text);
}

/**
 * A network as a part of the page's address.
 * @param {Network} network
 */
export function toAddress(network) {
  const names = [...rules.required, ...Object.keys(rules.choices)];
  return names
    .map((name) =>
      [network[name]]
        .flat()
        .map(String)
        .join(Array.isArray(network[name]?.[0]) ? "~" : ","),
    )
    .join(";");
}

/** @type {(address: string) => Network} */
export function fromAddress(address) {
  const parts = address.split(";");
  const names = [...rules.required, ...Object.keys(rules.choices)];
  /** @type {Record<string, any>} */
  const file = Object.create(null);
  names.forEach((name, i) => {
    const text = parts[i] ?? "";
    if (name in rules.choices) file[name] = text;
    else if (/^W_/.test(name)) file[name] = text.split("~").map((row) => row.split(","));
    else file[name] = text.split(",");
  });
  return check(file);
}
