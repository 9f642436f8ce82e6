// The walk: one factor of the chain rule at a time.
Playground.walk = (function () {
"use strict";
const { rules } = Playground;
const { element, formula, entries, rounded } = Playground.notation;
const NAMES = rules.steps.map((step) => step.name);

// How an entry of each step's value comes about.
const TERMS = {
  z_H: ({ numbers: n }, [j]) => affine(n.W_H[j], n.x, n.b_H[j]),
  h: ({ network, z_H }, [j]) => ({ relu: `max(0, ${rounded(z_H[j])})`, identity: "" }[network.activation]
    ?? `${network.activation}(${rounded(z_H[j])})`),
  z_O: ({ numbers: n, h }, [k]) => affine(n.W_O[k], h, n.b_O[k]),
  y_hat: ({ network, z_O }, [k]) => (network.output === "softmax"
    ? `${power(z_O[k])} / (${z_O.map(power).join(" + ")})` : `1 / (1 + ${power(-z_O[k])})`),
  loss: ({ loss }) => `−log ${rounded(Math.exp(-loss))}`,
  delta_O: ({ y_hat, numbers }, [k]) => `${rounded(y_hat[k])} − ${numbers.y[k]}`,
  W_O: ({ delta_O, h }, [k, j]) => product(delta_O[k], h[j]),
  dL_dh: ({ numbers, delta_O }, [j]) => products(numbers.W_O.map((row) => row[j]), delta_O),
  delta_H: ({ dL_dh, slope }, [j]) => product(dL_dh[j], slope[j]),
  W_H: ({ delta_H, numbers }, [j, i]) => product(delta_H[j], numbers.x[i]),
};

function product(a, b) { return `${rounded(a)} · ${enclosed(b)}`; }
function products(row, values) { return sum(row.map((w, j) => product(w, values[j]))); }
function affine(row, values, bias) { return sum([products(row, values), rounded(bias)]); }
function sum(terms) { return terms.join(" + ").replaceAll("+ −", "− "); }
function power(z) { return `exp(${rounded(z)})`; }
function enclosed(value) { return value < 0 ? `(${rounded(value)})` : rounded(value); }

// Builds the walk; onStep() is called when it has moved.
function build(view, onStep) {
  const walk = { at: -1, view };
  const go = (at) => { walk.at = at < NAMES.length ? at : -1; onStep(); };
  view.back.addEventListener("click", () => go(walk.at - 1));
  view.next.addEventListener("click", () => go(walk.at + 1));
  view.end.addEventListener("click", () => go(-1));
  walk.chips = rules.steps.map(({ symbol }, i) => {
    const chip = element(element(view.strip, "li"), "button", { type: "button", "aria-label": `Step ${i + 1}` });
    chip.addEventListener("click", () => go(i));
    formula(chip, symbol);
    return chip;
  });
  return walk;
}

// The names of the values after the step it is at.
function hidden({ at }) { return new Set(at < 0 ? [] : NAMES.slice(at + 1)); }

function show({ at, view, chips }, pass) {
  view.back.hidden = view.end.hidden = at < 0;
  view.next.textContent = at < 0 ? "Step by step" : at + 1 < NAMES.length ? "Next" : "Finish";
  chips.forEach((chip, i) => chip.setAttribute("aria-current", i === at ? "step" : "false"));
  view.step.replaceChildren();
  if (at >= 0) describe(view.step, pass, rules.steps[at], `Step ${at + 1} of ${NAMES.length}: `);
}

// A step in words, symbols and numbers.
function describe(place, pass, { name, entry, latex, equation, why }, count = "") {
  const { activation, output } = pass.network;
  const chosen = (text) => text[activation] ?? text[output] ?? text;
  const head = element(place, "p.formula");
  element(head, "span.soft", {}, count);
  formula(head, chosen(latex));
  element(head, "a", { href: `#${equation}` }, equationName(equation));
  element(place, "p", {}, chosen(why));
  const list = element(place, "ul.lines");
  for (const [index, value] of entries([pass[name] ?? pass.gradients[name]].flat())) {
    const item = element(list, "li"), terms = TERMS[name]?.(pass, index);
    formula(item, entry.replace("#", index.map((i) => i + 1).join()));
    element(item, "span", {}, terms ? ` = ${terms} = ` : " = ");
    element(item, "b", {}, rounded(value));
  }
}

// What the chapter calls an equation where it refers to it.
function equationName(label) {
  const links = [...document.querySelectorAll(`main a[href$="#${label}"]`)];
  return links.find((link) => !link.closest("#playground"))?.textContent ?? "the chapter's equation";
}

return { build, show, hidden, describe };
})();
