// Practise: a network whose values are to be worked out by hand.

/** @typedef {import("./types").View} View */
import * as drawing from "./drawing.js";
import { judged, randomNetwork, truth } from "./exercise.js";
import { read } from "./judging.js";
import { element } from "../shared/elements.js";
import { describeZeros, sentence } from "./notation.js";
import { at, entries, rounded } from "./numbers.js";
import { pass } from "./certified.js";
import { rules } from "./rules.js";
import * as tables from "./tables.js";
import * as walk from "./walk.js";
import * as zeros from "./zeros.js";

/**
 * @typedef {object} Question
 * @property {import("./types").Step} step
 * @property {any[]} inputs
 * @property {any} hint
 *
 * @typedef {object} State
 * @property {View} view
 * @property {import("./types").Pass} pass
 * @property {import("./types").Zero[]} zeros
 * @property {Question[]} questions
 * @property {number} filled how many values were shown
 */

/**
 * Shows the exercise of a seed.
 * @type {(view: View, seed: number) => void}
 */
export function open(view, seed) {
  const network = randomNetwork(seed);
  const solved = pass(network);
  /** @type {State} */
  const state = { view, pass: solved, zeros: zeros.find(solved), questions: [], filled: 0 };
  for (const place of [view.given, view.questions, view.shown, view.causes, view.found]) {
    place.replaceChildren();
  }
  for (const place of [view.task, view.seed]) {
    place.dataset.words ??= place.textContent;
    place.textContent = place.dataset.words.replace(
      /\{(\w+)\}/g,
      (/** @type {string} */ _, /** @type {string} */ name) =>
        name === "seed" ? seed : network[name],
    );
  }
  for (const name of rules.required) {
    const numbers = solved.numbers[name];
    tables.table(view.given, name, name, numbers, (td, index) => {
      td.append(rounded(at(numbers, index)));
    });
  }
  state.questions = rules.steps.filter((step) => step.asked).map((step) => ask(state, step));
  view.why.hidden = true;
  view.help.onclick = () => showNext(state);
  view.check.onclick = () => checkCauses(state);
  refresh(state);
  view.resized?.disconnect();
  view.resized = new ResizeObserver(() => draw(state));
  view.resized.observe(view.exercise);
}

/** @type {(state: State, step: import("./types").Step) => Question} */
function ask(state, step) {
  const section = element(state.view.questions, "section.question");
  /** @type {Question} */
  const question = { step, inputs: [], hint: null };
  const values = truth(state.pass.values, step.value);
  tables.table(section, step.asked, step.label, values, (td, index, label) => {
    const id = ["practise", step.name, ...index].join("-");
    /** @type {(text: string) => void} */
    const onType = (text) => judge(state, question, input, index, text);
    const input = tables.field(td, label, id, onType);
    question.inputs.push(input);
  });
  question.hint = element(section, "p.hint", { role: "status" });
  return question;
}

/** @type {(state: State, question: Question, input: any, index: number[], text: string) => void} */
function judge(state, question, input, index, text) {
  const { verdict, hint } = judged(state.pass, typed(state), question.step.value, index, text);
  const isWrong = ["wrong", "early", "unreadable"].includes(verdict);
  input.dataset.verdict = verdict;
  input.setAttribute("aria-invalid", String(isWrong));
  question.hint.textContent = verdict === "right" ? "✓ Right." : hint;
  question.hint.classList.toggle("error", isWrong);
  refresh(state);
}

/**
 * The right values that were typed so far, in vectors and matrices that are complete.
 * @param {State} state
 */
function typed({ questions, pass: { values } }) {
  /** @type {import("./types").Values} */
  const complete = {};
  for (const { step, inputs } of questions) {
    if (!inputs.every((input) => input.dataset.verdict === "right")) continue;
    const numbers = inputs.map((input) => read(input.value)?.value ?? NaN);
    const right = values[step.value];
    if (!Array.isArray(right)) complete[step.value] = numbers[0];
    else if (!Array.isArray(right[0])) complete[step.value] = numbers;
    else {
      const width = right[0].length;
      complete[step.value] = right.map((_, i) => numbers.slice(i * width, (i + 1) * width));
    }
  }
  return complete;
}

/** @type {(input: any) => boolean} */
function isSettled(input) {
  return ["right", "shown"].includes(input.dataset.verdict);
}

/** @type {(question: Question) => boolean} */
function isDone({ inputs }) {
  return inputs.every(isSettled);
}

/**
 * Fills in the first quantity that isn't done, and explains it.
 * @param {State} state
 */
function showNext(state) {
  const question = state.questions.find((other) => !isDone(other));
  if (!question) return;
  const { step, inputs, hint } = question;
  const values = entries(state.pass.values[step.value]);
  inputs.forEach((input, i) => {
    if (input.dataset.verdict === "right") return;
    input.value = rounded(values[i][1]);
    input.dataset.verdict = "shown";
    input.removeAttribute("aria-invalid");
    state.filled += 1;
  });
  hint.textContent = "";
  state.view.shown.replaceChildren();
  walk.describe(state.view.shown, state.pass, step);
  refresh(state);
}

/** @type {(state: State) => void} */
function refresh(state) {
  const { view, questions, filled } = state;
  const inputs = questions.flatMap((question) => question.inputs);
  const right = inputs.filter(isSettled).length;
  const isEnd = right === inputs.length;
  const count = `${right} of ${inputs.length} values are right`;
  const help = filled ? `, ${filled} of them shown.` : ".";
  view.progress.textContent = (isEnd ? "Done: " : "") + count + help;
  view.help.hidden = isEnd;
  if (isEnd && view.why.hidden) askCauses(state);
  view.why.hidden = !isEnd;
  if (!isEnd) view.found.replaceChildren();
  draw(state);
}

/**
 * Question 3: which of these reasons make a derivative zero here?
 * @param {State} state
 */
function askCauses({ view, pass: { network }, zeros: all }) {
  const units = [...network.b_H.keys()];
  const wrong = ["inactive", "disconnected", network.output === "softmax" ? "equal" : "input"];
  const candidates = wrong.flatMap((kind) => units.slice(0, 3).map((unit) => ({ kind, unit })));
  const inputs = [...network.x.keys()].map((unit) => ({ kind: "input", unit }));
  const causes = [...all.flatMap((zero) => zero.causes), ...candidates, ...inputs].filter(
    ({ kind, unit }) => kind !== "input" || unit < network.x.length,
  );
  const reasons = [...new Set(causes.map(zeros.reason))].sort();
  view.causes.replaceChildren();
  view.verdict.textContent = "";
  view.found.replaceChildren();
  for (const words of reasons) {
    const label = element(element(view.causes, "li"), "label");
    element(label, "input", { type: "checkbox", value: words });
    label.append(` ${sentence(words)}`);
  }
}

/** @type {(state: State) => void} */
function checkCauses({ view, pass, zeros: all }) {
  const right = new Set(all.flatMap((zero) => zero.causes.map(zeros.reason)));
  const boxes = [...view.causes.querySelectorAll("input")];
  const wrong = boxes.filter((box) => box.checked && !right.has(box.value)).length;
  const missed = boxes.filter((box) => !box.checked && right.has(box.value)).length;
  view.verdict.classList.toggle("error", wrong + missed > 0);
  if (wrong)
    view.verdict.textContent = `Not yet right: ${wrong} of these ${wrong === 1 ? "does" : "do"} not hold here.`;
  else if (missed)
    view.verdict.textContent = `Right so far, but ${missed} more ${missed === 1 ? "holds" : "hold"}.`;
  else {
    view.verdict.textContent = "✓ Right.";
    describeZeros(view.found, pass, all);
  }
}

/**
 * The drawing shows what has been worked out.
 * @param {State} state
 */
function draw({ view, pass, questions }) {
  const open = questions.filter((question) => !isDone(question));
  const hidden = new Set(open.map(({ step }) => step.name));
  drawing.draw(view.exercise, pass, { hidden });
}
