// Vectors and matrices of numbers: as values, and as fields to fill in.
Playground.tables = (function () {
"use strict";
const { exact } = Playground;
const { element, formula, rounded } = Playground.notation;

// The tables of a network; W_H' stands for the derivatives with respect to W_H.
const GROUPS = {
  "Input and target": ["x", "y"],
  "Hidden layer": ["W_H", "W_H'", "b_H", "b_H'", "z_H", "h"],
  "Output layer": ["W_O", "W_O'", "b_O", "b_O'", "z_O", "y_hat"],
};
const GIVEN = ["x", "W_H", "b_H", "W_O", "b_O"];

function at(values, index) { return index.reduce((inner, i) => inner[i], values); }

// A symbol, and below it a cell for each value, filled by cell(td, index, label).
function table(parent, latex, name, values, cell) {
  const box = element(parent, "div.matrix");
  formula(element(box, "div.symbol"), latex);
  const made = element(box, "table", { "aria-label": name });
  values.forEach((value, i) => {
    const row = element(made, "tr");
    const indices = Array.isArray(value) ? value.map((_, j) => [i, j]) : [[i]];
    for (const index of indices) cell(element(row, "td"), index, label(name, index));
  });
}

// "W_H row 2 column 1", "b_H 2"
function label(name, [i, j]) { return `${name} ${j === undefined ? i + 1 : `row ${i + 1} column ${j + 1}`}`; }

// A field for a number; what is typed goes to onType(text).
function field(parent, name, id, onType) {
  const input = element(parent, "input", { id, "aria-label": name, autocomplete: "off", spellcheck: "false" });
  input.addEventListener("change", () => onType(input.value));
  return input;
}

// All tables of a network; onType(name, index, text) says whether it took what was typed into a
// field. Returns what updates them.
function build(place, pass, onType) {
  const updates = [];
  place.replaceChildren();
  for (const [title, names] of Object.entries(GROUPS)) {
    element(place, "h3", {}, title);
    const row = element(place, "div.tables");
    for (const name of names) {
      const of = name.endsWith("'") ? name.slice(0, -1) : null;
      const latex = of ? `\\frac{\\partial L}{\\partial ${of}}` : name === "y_hat" ? "\\hat{y}" : name;
      table(row, latex, of ? `derivatives with respect to ${of}` : name, values(pass, name), (td, index, words) => {
        const key = [of ?? name, ...index].join("-");
        if (of || GIVEN.includes(name)) td.dataset.for = key;
        updates.push(GIVEN.includes(name) ? given(td, name, index, words, onType) : shown(td, name, index, key));
      });
    }
  }
  return (next) => updates.forEach((update) => update(next));
}

function values(pass, name) {
  if (name.endsWith("'")) return pass.gradients[name.slice(0, -1)];
  return pass[name] ?? pass.numbers[name];
}

function given(td, name, index, words, onType) {
  let text;
  const take = (typed) => input.setAttribute("aria-invalid", !onType(name, index, typed));
  const input = field(td, words, `playground-${[name, ...index].join("-")}`, take);
  input.addEventListener("keydown", (event) => {
    const tenths = { ArrowUp: 10, ArrowDown: -10 }[event.key] / (event.shiftKey ? 10 : 1);
    if (!tenths) return;
    event.preventDefault();
    take(moved(text, tenths));
  });
  return ({ network }) => {
    text = at(network[name], index);
    input.value = text;
    input.style.width = `${Math.max(3, text.length) + 1.6}ch`;
    input.removeAttribute("aria-invalid");
  };
}

// A number so many tenths on; exactly, so that three times 0.1 is 0.3.
function moved(text, tenths) {
  const change = exact.times(exact.TENTH, exact.parse(String(tenths)));
  return exact.write(exact.add(exact.parse(text), change));
}

function shown(td, name, index, key) {
  return (pass) => {
    const isZero = name.endsWith("'") && pass.zeros.some((zero) => zero.key === key);
    const value = at(values(pass, name), index);
    td.textContent = isZero ? "0" : rounded(value);
    td.dataset.value = value;
    td.classList.toggle("zero", isZero);
  };
}

return { at, table, label, field, build, moved };
})();
