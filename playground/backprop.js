// Forward and backward pass. What decides is exact, as in hw1lib.backprop.exact, which says why. A
// derivative is 0 only if it is exactly 0 or smaller than every double.
Playground.backprop = (function () {
"use strict";
const { exact } = Playground;
const { ZERO, add, minus, times, toNumber, isZero, isPositive } = exact;
const HALF = exact.parse("1/2");

// Activations and their slopes, of units that are on. Exponentials are of -|z|: none overflows.
const ACTIVATION = {
  relu: (z) => z, identity: (z) => z, tanh: Math.tanh,
  sigmoid: (z) => (z >= 0 ? 1 : Math.exp(z)) / (1 + Math.exp(-Math.abs(z))),
};
const SLOPE = {
  relu: () => 1, identity: () => 1, tanh: (z) => 4 * bell(2 * z), sigmoid: bell,
};

function bell(z) {
  const small = Math.exp(-Math.abs(z));
  return small / (1 + small) ** 2;
}

// All values of both passes, exact ones among them.
function pass(network) {
  const map = (change) => (value) => (Array.isArray(value) ? value.map(map(change)) : change(value));
  const given = {}, numbers = {};
  for (const name of ["x", "y", "W_H", "b_H", "W_O", "b_O"]) {
    given[name] = map(exact.parse)(network[name]);
    numbers[name] = map(toNumber)(given[name]);
  }
  const exactZ = given.W_H.map((row, j) => row.reduce((z, w, i) => add(z, times(w, given.x[i])), given.b_H[j]));
  const active = exactZ.map((z) => network.activation !== "relu" || isPositive(z));
  const z_H = exactZ.map(toNumber);
  const [h, slope] = [ACTIVATION, SLOPE].map((forms) => z_H.map((z, j) => (active[j] ? forms[network.activation](z) : 0)));
  const values = { network, given, numbers, exactZ, active, z_H, h, slope };
  const z_O = given.W_O.map((row, k) => logit(values, row, given.b_O[k]).value);
  return { ...values, z_O, ...errors(values) };
}

// A row of W_O h + b_O: its value, and a key that only equal ones share. It is a sum of c tanh(a)
// with distinct a > 0 and of a constant, for which tanh(a) is 1.
function logit({ network, exactZ, active }, row, bias) {
  const terms = {};
  const join = (a, c) => {
    const key = a ? exact.key(a) : "";
    terms[key] = { key, c: add(terms[key]?.c ?? ZERO, c), tanh: a ? Math.tanh(toNumber(a)) : 1 };
  };
  join(null, bias);
  row.forEach((weight, j) => {
    const z = exactZ[j], [size, turned] = isPositive(z) ? [z, weight] : [minus(z), minus(weight)];
    if (network.activation === "tanh") {
      join(size, turned);
    } else if (network.activation === "sigmoid") { // 1/2 + tanh(z/2)/2
      join(null, times(weight, HALF));
      join(times(size, HALF), times(turned, HALF));
    } else if (active[j]) {
      join(null, times(weight, z));
    }
  });
  const left = Object.values(terms).filter(({ c, tanh }) => !isZero(c) && tanh);
  return {
    value: total(left.map(({ c, tanh }) => toNumber(c) * tanh)),
    key: left.map(({ key, c }) => `${key} ${exact.key(c)}`).sort().join(),
  };
}

// The output as a softmax over classes, each with its weights less the target's and the distance
// of its logit from the target's. A sigmoid's second class has weights and logit 0.
function classes(values) {
  const { W_O, b_O, y } = values.given, one = y.findIndex(isPositive);
  const isSoftmax = values.network.output === "softmax", target = isSoftmax || one === 0 ? one : 1;
  const rows = isSoftmax ? W_O : [...W_O, W_O[0].map(() => ZERO)], biases = [...b_O, ZERO];
  return rows.map((row, k) => {
    const weights = row.map((w, j) => add(w, minus(rows[target][j])));
    return { weights, gap: logit(values, weights, add(biases[k], minus(biases[target]))), isTarget: k === target };
  });
}

// What hidden unit j pulls at each distinct logit, the sum over its classes of W_kj - W_tj. dL/dh_j
// is the sum of pull * e^logit over that of e^logit, and 0 if and only if every pull is.
function pulls(output, j) {
  const found = {};
  output.forEach(({ weights, gap }, k) => {
    found[gap.key] = { k, pull: add(found[gap.key]?.pull ?? ZERO, weights[j]) };
  });
  return Object.values(found).filter(({ pull }) => !isZero(pull));
}

// Prediction, loss, and all that flows back from it.
function errors(values) {
  const { numbers, h, slope } = values, output = classes(values), outputs = numbers.b_O.length;
  const highest = Math.max(...output.map(({ gap }) => gap.value));
  const powers = output.map(({ gap }) => Math.exp(gap.value - highest)), sum = total(powers);
  const others = total(powers.filter((_, k) => !output[k].isTarget));
  const loss = highest > 0 ? highest + Math.log(sum) : Math.log1p(others);
  const y_hat = powers.map((power) => power / sum).slice(0, outputs);
  // The target's error is minus the others': y-hat - 1 would cancel.
  const delta_O = powers.map((power, k) => (output[k].isTarget ? -others : power) / sum).slice(0, outputs);
  const dL_dh = h.map((_, j) => total(pulls(output, j).map(({ k, pull }) => toNumber(pull) * powers[k])) / sum);
  const delta_H = dL_dh.map((derivative, j) => derivative * slope[j]);
  const gradients = { W_H: outer(delta_H, numbers.x), b_H: delta_H, W_O: outer(delta_O, h), b_O: delta_O };
  return { output, y_hat, loss, delta_O, dL_dh, delta_H, gradients };
}

function outer(column, row) { return column.map((a) => row.map((b) => a * b)); }
function total(values) { return values.reduce((sum, value) => sum + value, 0); }

return { pass, pulls, outer, total };
})();
