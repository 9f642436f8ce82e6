// Practise: a network whose values are to be worked out by hand.
Playground.practise = (function () {
"use strict";
const { rules, backprop, zeros, drawing, tables, exercise, walk } = Playground;
const { element, rounded } = Playground.notation;

// Shows the exercise of a seed.
function open(view, seed) {
  const pass = backprop.pass(exercise.randomNetwork(seed)), { network, numbers } = pass;
  const state = { view, pass, filled: 0 };
  for (const place of [view.given, view.questions, view.shown]) place.replaceChildren();
  for (const place of [view.task, view.seed]) {
    place.dataset.words ??= place.textContent;
    place.textContent = place.dataset.words.replace(/\{(\w+)\}/g, (_, name) => ({ ...network, seed })[name]);
  }
  for (const name of rules.required) {
    tables.table(view.given, name, name, numbers[name], (td, index) => td.append(rounded(tables.at(numbers[name], index))));
  }
  state.questions = rules.steps.filter((step) => step.asked).map((step) => ask(state, step));
  view.help.onclick = () => showNext(state);
  refresh(state);
  view.resized?.disconnect();
  view.resized = new ResizeObserver(() => draw(state));
  view.resized.observe(view.exercise);
}

function ask(state, step) {
  const section = element(state.view.questions, "section.question");
  const question = { step, section, inputs: [] };
  tables.table(section, step.asked, step.label, exercise.truth(state.pass, step.name), (td, index, label) => {
    const id = ["practise", step.name, ...index].join("-");
    const input = tables.field(td, label, id, (text) => judge(state, question, input, index, text));
    question.inputs.push(input);
  });
  question.hint = element(section, "p.hint", { role: "status" });
  return question;
}

function judge(state, question, input, index, text) {
  const { verdict, hint } = exercise.judge(state.pass, question.step.name, index, text);
  input.dataset.verdict = verdict;
  input.setAttribute("aria-invalid", verdict === "wrong");
  question.hint.textContent = hint || (verdict === "right" ? "✓ Right." : "");
  question.hint.classList.toggle("error", verdict === "wrong");
  refresh(state);
}

function isDone({ inputs }) { return inputs.every((input) => ["right", "shown"].includes(input.dataset.verdict)); }

// Fills in the first quantity that isn't done, and explains it.
function showNext(state) {
  const { step, inputs, hint } = state.questions.find((question) => !isDone(question));
  const values = exercise.truth(state.pass, step.name).flat();
  inputs.forEach((input, i) => {
    if (input.dataset.verdict === "right") return;
    input.value = rounded(values[i]);
    input.dataset.verdict = "shown";
    input.removeAttribute("aria-invalid");
    state.filled += 1;
  });
  hint.textContent = "";
  state.view.shown.replaceChildren();
  walk.describe(state.view.shown, state.pass, step);
  refresh(state);
}

function refresh(state) {
  const { view, questions, filled, pass } = state, inputs = questions.flatMap((question) => question.inputs);
  const right = inputs.filter((input) => ["right", "shown"].includes(input.dataset.verdict)).length;
  const isEnd = right === inputs.length;
  view.progress.textContent = `${isEnd ? "Done: " : ""}${right} of ${inputs.length} values are right`
    + (filled ? `, ${filled} of them shown.` : ".");
  view.help.hidden = isEnd;
  view.found.replaceChildren();
  if (isEnd) zeros.show(view.found, pass, zeros.find(pass));
  draw(state);
}

// The drawing shows what has been worked out.
function draw(state) {
  const open = state.questions.filter((question) => !isDone(question));
  drawing.draw(state.view.exercise, state.pass, { hidden: new Set(open.map(({ step }) => step.name)) });
}

return { open };
})();
