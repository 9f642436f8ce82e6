// Forward and backward pass, step for step as the chapter writes them. What decides (the side of a
// ReLU, which logits are equal) is exact: see hw1lib.backprop.exact, of which this is the twin. A
// derivative is 0 only if it is exactly 0 or smaller than every double.
Playground.backprop = (function () {
  "use strict";
  const { exact } = Playground;
  const { add, minus, times, toNumber, isZero, isPositive } = exact;
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

  // All values of both passes, and the exact ones on which zeros.js decides.
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
    const [h, slope] = [ACTIVATION, SLOPE].map((forms) => (
      z_H.map((z, j) => (active[j] ? forms[network.activation](z) : 0))));
    const output = classes(network, given, exactZ, active);
    const z_O = output.logits.slice(0, given.b_O.length).map(logitValue);
    const values = { network, given, numbers, exactZ, active, output, z_H, h, slope, z_O };
    return { ...values, ...errors(values) };
  }

  // The output layer as a softmax over classes. A sigmoid is one over two classes, of which the
  // second has weights and logit 0.
  function classes(network, { W_O, b_O, y }, exactZ, active) {
    const logits = W_O.map((row, k) => logit(network.activation, row, b_O[k], exactZ, active));
    const one = y.findIndex(isPositive);
    if (network.output === "softmax") return { weights: W_O, logits, target: one };
    const nothing = { constant: exact.ZERO, waves: {} };
    return { weights: [...W_O, exactZ.map(() => exact.ZERO)], logits: [...logits, nothing], target: one === 0 ? 0 : 1 };
  }

  // A logit as constant + the sum of c tanh(a) over its waves, with a > 0.
  function logit(activation, row, bias, exactZ, active) {
    let constant = bias;
    const waves = {};
    row.forEach((weight, j) => {
      const z = exactZ[j], scale = activation === "sigmoid" ? HALF : exact.parse("1");
      if (activation === "sigmoid") constant = add(constant, times(weight, HALF)); // 1/2 + tanh(z/2)/2
      if (activation === "sigmoid" || activation === "tanh") {
        const a = times(isPositive(z) ? z : minus(z), scale);
        const c = times(isPositive(z) ? weight : minus(weight), scale);
        const sum = add(waves[exact.key(a)]?.c ?? exact.ZERO, c);
        if (isZero(a) || isZero(sum)) delete waves[exact.key(a)];
        else waves[exact.key(a)] = { a, c: sum };
      } else if (active[j]) {
        constant = add(constant, times(weight, z));
      }
    });
    return { constant, waves };
  }

  function logitKey({ constant, waves }) {
    const parts = Object.entries(waves).map(([key, { c }]) => `${key} ${exact.key(c)}`);
    return [exact.key(constant), ...parts.sort()].join();
  }

  function logitValue({ constant, waves }) {
    return toNumber(constant) + total(Object.values(waves).map(({ a, c }) => toNumber(c) * Math.tanh(toNumber(a))));
  }

  // What hidden unit j pulls at each distinct logit: the sum over its classes of W_kj - W_tj. All
  // errors sum to 0, so dL/dh_j is the sum of pull * e^logit over that of e^logit; and as powers of
  // e of distinct logits are independent, it is 0 if and only if every pull is.
  function pulls({ weights, logits, target }, j) {
    const found = {};
    weights.forEach((row, k) => {
      const key = logitKey(logits[k]), own = add(row[j], minus(weights[target][j]));
      found[key] = { k, pull: add(found[key]?.pull ?? exact.ZERO, own) };
    });
    return Object.values(found).filter(({ pull }) => !isZero(pull));
  }

  // Prediction, loss, and all that flows back from it.
  function errors({ numbers, output, h, slope }) {
    const { logits, target } = output, outputs = numbers.b_O.length;
    // How far each logit is above the target's.
    const gaps = logits.map(({ constant, waves }) => (
      logitValue({ constant: add(constant, minus(logits[target].constant)), waves })
        - logitValue({ constant: exact.ZERO, waves: logits[target].waves })));
    const highest = Math.max(...gaps);
    const powers = gaps.map((gap) => Math.exp(gap - highest)), sum = total(powers);
    const others = total(powers.filter((_, k) => k !== target));
    const loss = highest > 0 ? highest + Math.log(sum) : Math.log1p(others);
    const y_hat = powers.map((power) => power / sum).slice(0, outputs);
    // The target's error is minus the others': y-hat - 1 would cancel.
    const delta_O = powers.map((power, k) => (k === target ? -others : power) / sum).slice(0, outputs);
    const dL_dh = h.map((_, j) => total(pulls(output, j).map(({ k, pull }) => toNumber(pull) * powers[k])) / sum);
    const delta_H = dL_dh.map((derivative, j) => derivative * slope[j]);
    const gradients = { W_H: outer(delta_H, numbers.x), b_H: delta_H, W_O: outer(delta_O, h), b_O: delta_O };
    return { y_hat, loss, delta_O, dL_dh, delta_H, gradients };
  }

  function outer(column, row) { return column.map((a) => row.map((b) => a * b)); }
  function total(values) { return values.reduce((sum, value) => sum + value, 0); }

  return { pass, pulls, outer, total };
})();
