// Formulas and zeros, as elements of the page.
import { element } from "../shared/elements.js";
import { rules } from "./rules.js";
import { reason, reasons } from "./zeros.js";

const MATH = "http://www.w3.org/1998/Math/MathML";
/** @type {Record<string, string>} */
const LETTERS = {
  "\\delta": "δ",
  "\\partial": "∂",
  "\\top": "⊤",
  "\\odot": "⊙",
  "\\log": "log",
  "\\max": "max",
  "\\sum": "∑",
  "-": "−",
  "'": "′",
};

/**
 * A formula from the little LaTeX that this page's formulas need.
 * @param {Element} parent
 * @param {string} latex
 */
export function formula(parent, latex) {
  const tokens = latex.match(/\\[a-z]+|[\d.]+|\S/g) ?? [];
  const math = mathml("math");
  while (tokens.length) math.append(term(tokens));
  parent.append(math);
}

/** @type {(name: string, ...children: (string | Node)[]) => Element} */
function mathml(name, ...children) {
  const node = document.createElementNS(MATH, name);
  node.append(...children);
  return node;
}

/**
 * What stands next, with its indices.
 * @type {(tokens: string[]) => Element}
 */
function term(tokens) {
  const base = atom(tokens);
  /** @type {Record<string, Element>} */
  const indices = {};
  while (tokens[0] === "_" || tokens[0] === "^") {
    const place = tokens[0];
    tokens.shift();
    indices[place] = atom(tokens);
  }
  if (indices._ && indices["^"]) return mathml("msubsup", base, indices._, indices["^"]);
  if (indices._) return mathml("msub", base, indices._);
  return indices["^"] ? mathml("msup", base, indices["^"]) : base;
}

/** @type {(tokens: string[]) => Element} */
function atom(tokens) {
  const token = /** @type {string} */ (tokens.shift());
  if (token === "{") {
    const row = mathml("mrow");
    while (tokens[0] !== "}") row.append(term(tokens));
    tokens.shift();
    return row;
  }
  if (token === "\\frac") return mathml("mfrac", atom(tokens), atom(tokens));
  if (token === "\\hat") return mathml("mi", `${atom(tokens).textContent}\u0302`.normalize());
  if (token === "\\mathrm") return mathml("mi", atom(tokens).textContent ?? "");
  const text = LETTERS[token] ?? token;
  if (/\d/.test(text)) return mathml("mn", text);
  return mathml(/[\p{L}∂⊤]/u.test(text) ? "mi" : "mo", text);
}

/**
 * The zero derivatives in words: a sentence, and a list item for each cause.
 * @param {any} place
 * @param {import("./types").Pass} pass
 * @param {import("./types").Zero[]} zeros
 */
export function describeZeros(place, { values }, zeros) {
  const derivatives = rules.parameters.map((parameter) => values[`d${parameter}`]);
  const count = String(derivatives.flat(2).length);
  place.replaceChildren();
  place.dataset.zeros = JSON.stringify(
    zeros.map((zero) => [zero.parameter, zero.index, reasons(zero)]),
  );
  const some = `${zeros.length} of the ${count} derivatives ${are(zeros)} zero:`;
  element(place, "p", {}, zeros.length ? some : rules.no_zeros.replace("{total}", count));
  const list = element(place, "ul");
  for (const words of new Set(zeros.flatMap((zero) => zero.causes.map(reason)))) {
    const item = element(list, "li", {}, `${sentence(words)} Hence `);
    const concerned = zeros.filter((zero) => zero.causes.map(reason).includes(words));
    concerned.forEach(({ parameter, index }, i) => {
      if (i) item.append(i === concerned.length - 1 ? " and " : ", ");
      const entry = index.map((position) => position + 1).join();
      formula(item, `\\partial L / \\partial (${parameter})_{${entry}}`);
    });
    item.append(` ${are(concerned)} zero.`);
  }
}

/** @type {(clause: string) => string} */
export function sentence(clause) {
  return `${clause[0].toUpperCase()}${clause.slice(1)}.`;
}

/** @type {(items: unknown[]) => string} */
function are(items) {
  return items.length === 1 ? "is" : "are";
}
