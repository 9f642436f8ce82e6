// Exercises: random networks, and what to say of a typed number.
Playground.exercise = (function () {
"use strict";
const { rules, exact, backprop, zeros, tables, network: file } = Playground;
const { outer, total } = backprop;

// The network of a seed: small whole numbers, a zero to find, some signal, no certainty.
function randomNetwork(seed) {
  const random = generator(seed);
  for (;;) {
    const network = draw(random), pass = backprop.pass(network);
    const alive = pass.delta_H.filter((delta) => delta).length;
    const spread = Math.max(...pass.z_O, 0) - Math.min(...pass.z_O, 0);
    if (zeros.find(pass).length && alive && alive < pass.h.length && spread <= 5) return network;
  }
}

function draw(random) {
  const below = (n) => Math.floor(random() * n);
  const many = (length, make) => Array.from({ length }, make);
  const whole = () => `${below(7) - 3}`;
  const output = below(5) ? "softmax" : "sigmoid", m = 2 + below(2), k = output === "softmax" ? 2 : 1;
  return {
    x: many(2, whole), y: output === "softmax" ? file.oneHot(2, below(2)) : [`${below(2)}`],
    W_H: many(m, () => many(2, whole)), b_H: many(m, whole), W_O: many(k, () => many(m, whole)), b_O: many(k, whole),
    activation: "relu", output,
  };
}

// Park and Miller's; close seeds have close first numbers.
function generator(seed) {
  let state = seed + 1;
  const next = () => (state = state * 48271 % 2147483647) / 2147483647;
  for (let i = 0; i < 9; i += 1) next();
  return next;
}

// The right values of a question.
function truth(pass, name) { return [pass[name] ?? pass.gradients[name]].flat(); }

// What is said of a typed number, by the rule of hw1lib.backprop.judging: { verdict, hint }.
function judge(pass, name, index, text) {
  const verdict = verdictOn(text, tables.at(truth(pass, name), index));
  const isOff = verdict === "wrong" || verdict === "early";
  const kind = (isOff && mistakeOf(pass, name, index, text)) || verdict;
  return { verdict: isOff || verdict === "unreadable" ? "wrong" : verdict === "digits" ? "open" : verdict, hint: rules.hints[kind] ?? "" };
}

function verdictOn(text, right, rtol = rules.judging.rtol) {
  const { exact: EXACT, negligible, close, digits } = rules.judging;
  const typed = read(text), isZero = Math.abs(right) < negligible;
  if (!text.trim()) return "open";
  if (!typed) return "unreadable";
  if (typed.value === 0 || isZero || !Number.isFinite(right)) return typed.value === 0 && isZero ? "right" : "wrong";
  const share = Math.abs(typed.value - right) / Math.abs(right);
  if (share <= EXACT) return "right";
  if (share <= rtol || isRounded(typed, right)) return typed.digits >= digits || typed.decimals > digits ? "right" : "digits";
  return share <= close ? "early" : "wrong";
}

// A typed number: its value, its decimals less the exponent, its digits that count.
function read(text) {
  if (text.length > rules.judging.longest) return null;
  const plain = text.trim().replace(/\s*\/\s*/, "/").replaceAll("−", "-").replace(/,(?=\d)/g, ".").replace(/(?<=\d)_(?=\d)/g, "");
  if (!new RegExp(`^(${rules.number})$`).test(plain)) return null;
  const value = exact.toNumber(exact.parse(plain));
  if (plain.includes("/")) return { value, decimals: Infinity, digits: Infinity };
  const [mantissa, power = "0"] = plain.toLowerCase().split("e"), [, decimals = ""] = mantissa.split(".");
  return { value, decimals: decimals.length - Number(power), digits: mantissa.replace(/^[-+0.]+|\./g, "").length };
}

// Rounded, half either way, or cut off.
function isRounded({ value, decimals }, right) {
  const unit = 10 ** -decimals, beyond = Math.sign(right) * (right - value);
  return -0.500001 * unit <= beyond && beyond < 0.999999 * unit;
}

// The first kind of mistake that gives the typed number.
function mistakeOf(pass, name, index, text) {
  for (const [question, kind, values] of [...forwardMistakes(pass), ...outputMistakes(pass), ...hiddenMistakes(pass)]) {
    const value = index.reduce((inner, i) => inner?.[i], values);
    if (question === name && value !== undefined && verdictOn(text, value, 0) === "right") return kind;
  }
  return null;
}

// [question, kind, the values that the mistake gives]
function forwardMistakes({ network, numbers, z_H, h, z_O, y_hat, loss }) {
  const { x, y, W_H, b_H, W_O, b_O } = numbers, squared = total(y_hat.map((p, k) => (p - y[k]) ** 2));
  return [
    ["z_H", "bias", product(W_H, x)],
    ["z_H", "turned", plus(product(transpose(W_H), x), b_H)],
    ["h", "activation", z_H],
    ["z_O", "bias", product(W_O, h)],
    ["z_O", "swapped", plus(product(W_O, x), b_O)],
    ["z_O", "early_z", plus(product(W_O, z_H), b_O)],
    ["z_O", "turned", plus(product(transpose(W_O), h), b_O)],
    ["y_hat", "softmax", z_O],
    ["y_hat", "sigmoid", network.output === "softmax" ? z_O.map((z) => 1 / (1 + Math.exp(-z))) : []],
    ["loss", "log_2", [loss / Math.LN2]],
    ["loss", "log_10", [loss / Math.LN10]],
    ["loss", "log_sign", [-loss]],
    ["loss", "squared_loss", [squared]],
    ["loss", "squared_loss", [squared / 2]],
  ];
}

function outputMistakes(pass) {
  const { numbers, z_H, h, delta_O, gradients } = pass, wrong = wrongErrors(pass);
  return [
    ["W_O", "transposed", transpose(gradients.W_O)],
    ...wrong.map(([kind, delta]) => ["delta_O", kind, delta]),
    ...wrong.map(([kind, delta]) => ["W_O", kind, outer(delta, h)]),
    ["W_O", "swapped", outer(delta_O, numbers.x)],
    ["W_O", "early_z", outer(delta_O, z_H)],
  ];
}

function hiddenMistakes(pass) {
  const { numbers, delta_O, dL_dh, slope, delta_H, h, gradients } = pass;
  const back = [
    ...wrongErrors(pass).map(([kind, delta]) => [kind, product(transpose(numbers.W_O), delta)]),
    ["not_transposed", product(numbers.W_O, delta_O)],
  ];
  const wrong = [
    ...back.map(([kind, values]) => [kind, values.map((value, j) => value * slope[j])]),
    ["slope", dL_dh],
    ...[...h.keys()].map((shift) => ["wrong_slope", dL_dh.map((value, j) => value * slope[(j + shift) % h.length])]),
  ];
  return [
    ...back.map(([kind, values]) => ["dL_dh", kind, values]),
    ...wrong.map(([kind, delta]) => ["delta_H", kind, delta]),
    ["W_H", "transposed", transpose(gradients.W_H)],
    ...wrong.map(([kind, delta]) => ["W_H", kind, outer(delta, numbers.x)]),
    ["W_H", "swapped", outer(delta_H, h)],
  ];
}

// delta_O as mistakes in the output give it.
function wrongErrors({ network, numbers, z_O, y_hat }) {
  const error = y_hat.map((p, k) => p - numbers.y[k]), mean = total(error.map((e, k) => e * y_hat[k]));
  const squared = y_hat.map((p, k) => p * (network.output === "softmax" ? error[k] - mean : error[k] * (1 - p)));
  return [
    ["sign", error.map((e) => -e)],
    ["softmax", z_O.map((z, k) => z - numbers.y[k])],
    ["squared", squared],
    ["squared", squared.map((value) => 2 * value)],
  ];
}

// A product that does not fit has no values.
function product(matrix, vector) {
  return matrix[0].length === vector.length ? matrix.map((row) => total(row.map((w, j) => w * vector[j]))) : [];
}

function plus(values, bias) { return values.length === bias.length ? values.map((value, i) => value + bias[i]) : []; }
function transpose(matrix) { return matrix[0].map((_, j) => matrix.map((row) => row[j])); }

return { randomNetwork, truth, judge, verdictOn };
})();
