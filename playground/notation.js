// Elements, formulas and numbers. Text goes in as text, never as HTML.
Playground.notation = (function () {
"use strict";
const SVG = "http://www.w3.org/2000/svg", MATH = "http://www.w3.org/1998/Math/MathML";
const LETTERS = {
  "\\delta": "δ", "\\partial": "∂", "\\top": "⊤", "\\odot": "⊙", "\\log": "log", "\\max": "max", "\\sum": "∑", "-": "−", "'": "′",
};

// A new element; "p.result" is a p of the class result.
function element(parent, kind, attributes = {}, text = "") {
  const [name, ...classes] = kind.split("."), isDrawn = name === "svg" || parent?.namespaceURI === SVG;
  const made = isDrawn ? document.createElementNS(SVG, name) : document.createElement(name);
  made.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(text);
  parent?.append(made);
  return made;
}

// A formula from the little LaTeX that this page's formulas need.
function formula(parent, latex) {
  const tokens = latex.match(/\\[a-z]+|[\d.]+|\S/g);
  const math = mathml("math");
  while (tokens.length) math.append(term(tokens));
  parent.append(math);
}

function mathml(name, ...children) {
  const made = document.createElementNS(MATH, name);
  made.append(...children);
  return made;
}

// What stands next, with its indices.
function term(tokens) {
  let made = atom(tokens);
  const indices = {};
  while ("_^".includes(tokens[0] ?? " ")) indices[tokens.shift()] = atom(tokens);
  if (indices._ && indices["^"]) made = mathml("msubsup", made, indices._, indices["^"]);
  else if (indices._) made = mathml("msub", made, indices._);
  else if (indices["^"]) made = mathml("msup", made, indices["^"]);
  return made;
}

function atom(tokens) {
  const token = tokens.shift();
  if (token === "{") {
    const row = mathml("mrow");
    while (tokens[0] !== "}") row.append(term(tokens));
    tokens.shift();
    return row;
  }
  if (token === "\\frac") return mathml("mfrac", atom(tokens), atom(tokens));
  if (token === "\\hat") return mathml("mi", `${atom(tokens).textContent}\u0302`.normalize());
  if (token === "\\mathrm") return mathml("mi", atom(tokens).textContent);
  const text = LETTERS[token] ?? token;
  return mathml(/\d/.test(text) ? "mn" : /[\p{L}∂⊤]/u.test(text) ? "mi" : "mo", text);
}

// The entries of a vector or matrix as [index, value].
function entries(values) {
  return values.flatMap((value, i) => (Array.isArray(value) ? value.map((inner, j) => [[i, j], inner]) : [[[i], value]]));
}

// A rounded number: short where it is exact, tiny ones with their power of ten.
function rounded(value, digits = 4) {
  if (value === 0) return "0";
  let text = value.toFixed(digits);
  if (Number(text) === 0 || Math.abs(value) >= 1e6) {
    const [mantissa, power] = value.toExponential(1).split("e");
    text = `${mantissa}·10${[...power.replace("+", "")].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d] ?? "⁻").join("")}`;
  } else if (Math.abs(value - Number(text)) <= 1e-13 * Math.abs(value)) {
    text = String(Number(text));
  }
  return text.replace("-", "−");
}

return { element, formula, entries, rounded };
})();
