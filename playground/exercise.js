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

// Whether a text is right, and what may have gone wrong if not: { verdict, hint }.
function judge(pass, name, index, text) {
  const typed = read(text), right = tables.at(truth(pass, name), index);
  if (!text.trim()) return { verdict: "open", hint: "" };
  if (!typed) return { verdict: "wrong", hint: rules.hints.unreadable };
  if (agrees(typed, right)) {
    const isShort = typed.digits < 2 && Math.abs(typed.value - right) > 1e-9;
    return isShort ? { verdict: "open", hint: rules.hints.digits } : { verdict: "right", hint: "" };
  }
  const isClose = Math.abs(typed.value - right) < 0.02 * Math.abs(right);
  const kind = mistakeOf(pass, name, index, typed) ?? (isClose ? "early" : "wrong");
  return { verdict: "wrong", hint: rules.hints[kind] };
}

// A typed number: its value, its decimals (null for a fraction), its digits that count.
function read(text) {
  const plain = text.trim().replace("−", "-").replace(/,(?=\d)/, ".").replace(/\s*\/\s*/, "/");
  if (!new RegExp(`^(${rules.number})$`).test(plain)) return null;
  const value = exact.toNumber(exact.parse(plain)), [, decimals = ""] = plain.split(".");
  if (plain.includes("/")) return { value, decimals: null, digits: Infinity };
  return { value, decimals: decimals.length, digits: plain.replace(/^[-+0.]+|\./g, "").length };
}

// Right to the digits given, rounded or cut off; a 0 must be exact.
function agrees({ value, decimals }, right) {
  const error = Math.abs(value - right), unit = 10 ** -decimals;
  if (error <= 1e-9 * Math.max(1, Math.abs(right))) return true;
  if (decimals === null || value === 0 || right === 0) return false;
  const cut = Math.sign(right) * Math.floor(Math.abs(right) / unit) * unit;
  return error <= 0.5000001 * unit || Math.abs(value - cut) < 1e-6 * unit;
}

// The first kind of mistake that gives the typed number.
function mistakeOf(pass, name, index, typed) {
  for (const [question, kind, values] of [...forwardMistakes(pass), ...outputMistakes(pass), ...hiddenMistakes(pass)]) {
    const value = index.reduce((inner, i) => inner?.[i], values);
    if (question === name && value !== undefined && agrees(typed, value)) return kind;
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
    ["z_O", "exchanged", plus(product(W_O, x), b_O)],
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
    ["W_O", "exchanged", outer(delta_O, numbers.x)],
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
    ["W_H", "exchanged", outer(delta_H, h)],
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

return { randomNetwork, truth, judge };
})();
