// Which derivatives are zero, and why; the twin of hw1lib.backprop.zeros.
Playground.zeros = (function () {
"use strict";
const { rules, exact, backprop } = Playground;
const { element, formula, entries } = Playground.notation;

// The zero derivatives of a pass; each has parameter, index, key and causes.
function find(pass) {
  const { gradients, given, h, delta_O } = pass;
  const inputs = given.x.map((x, i) => (exact.isZero(x) ? [cause("input", i)] : []));
  const hidden = h.map((_, j) => ofHidden(pass, j));
  const activation = h.map((_, j) => ofActivation(pass, j));
  const output = delta_O.map((_, k) => ofOutput(pass, k));
  const causes = {
    W_H: (j, i) => [...hidden[j], ...inputs[i]], b_H: (j) => hidden[j],
    W_O: (k, j) => [...activation[j], ...output[k]], b_O: (k) => output[k],
  };
  return rules.parameters.flatMap((parameter) => entries(gradients[parameter]).filter(([, value]) => !value).map(([index]) => {
    const found = causes[parameter](...index);
    return { parameter, index, key: [parameter, ...index].join("-"), causes: found.length ? found : [cause("tiny")] };
  }));
}

function cause(kind, unit = 0) { return { kind, unit }; }

function off({ active, exactZ }, j) {
  return active[j] ? [] : [cause(exact.isZero(exactZ[j]) ? "kink" : "inactive", j)];
}

function ofActivation(pass, j) {
  if (!pass.active[j] || pass.h[j]) return off(pass, j);
  return [cause(exact.isZero(pass.exactZ[j]) ? "silent" : "faint", j)];
}

function ofOutput({ output, delta_O }, k) {
  if (output.length === 1) return [cause("single")];
  return delta_O[k] ? [] : [cause("saturated", k)];
}

// The unit is off, what it contributes cancels, or a factor is too small.
function ofHidden(pass, j) {
  const { output, delta_O, given } = pass;
  const reached = [...delta_O.keys()].filter((k) => !exact.isZero(given.W_O[k][j]));
  const areEqual = output.every(({ weights }) => exact.isZero(weights[j]));
  if (!pass.active[j]) return off(pass, j);
  if (output.length === 1) return [cause("single")];
  if (!reached.length) return [cause("disconnected", j)];
  if (!backprop.pulls(output, j).length) return [cause(areEqual ? "equal" : "cancelling", j)];
  if (!pass.slope[j]) return [cause("flat", j)];
  if (reached.every((k) => !delta_O[k])) return reached.map((k) => cause("saturated", k));
  return pass.delta_H[j] ? [] : [cause("tiny")];
}

function reason({ kind, unit }) { return rules.reasons[kind].replace("{unit}", unit + 1); }
function reasons(zero) { return zero.causes.map(reason).join("; and "); }

// The answer in words: a sentence, and a list item for each cause.
function show(place, { gradients }, zeros) {
  const total = Object.values(gradients).flat(2).length;
  place.replaceChildren();
  place.dataset.zeros = JSON.stringify(zeros.map((zero) => [zero.parameter, zero.index, reasons(zero)]));
  element(place, "p", {}, zeros.length ? `${zeros.length} of the ${total} derivatives ${are(zeros)} zero:`
    : rules.no_zeros.replace("{total}", total));
  const list = element(place, "ul");
  for (const words of new Set(zeros.flatMap((zero) => zero.causes.map(reason)))) {
    const item = element(list, "li", {}, `${words[0].toUpperCase()}${words.slice(1)}. Hence `);
    const found = zeros.filter((zero) => zero.causes.map(reason).includes(words));
    found.forEach(({ parameter, index }, i) => {
      if (i) item.append(i === found.length - 1 ? " and " : ", ");
      formula(item, derivative(parameter, index));
    });
    item.append(` ${are(found)} zero.`);
  }
}

function are(items) { return items.length === 1 ? "is" : "are"; }

function derivative(parameter, index) {
  return `\\partial L / \\partial (${parameter})_{${index.map((i) => i + 1).join()}}`;
}

return { find, reasons, show, derivative };
})();
