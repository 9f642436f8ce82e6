// Practise: a network whose values are to be worked out by hand.
Playground.practise = (function () {
"use strict";
const { rules, backprop, zeros, drawing, tables, exercise, walk } = Playground;
const { element, button, rounded } = Playground.notation;

// Fills the panel with the exercise of a seed; onNew() asks for another.
function open(panel, seed, onNew) {
  panel.replaceChildren();
  const state = { pass: backprop.pass(exercise.randomNetwork(seed)), shown: 0 };
  const { network, numbers } = state.pass;
  element(panel, "p", {}, rules.practise.replace("{activation}", network.activation).replace("{output}", network.output));
  const row = element(panel, "div.actions");
  button(row, "New network", onNew, "button.main");
  element(row, "span.soft", {}, `This is number ${seed}; the page's address leads to it.`);
  state.drawing = element(panel, "div.drawing");
  const given = element(panel, "div.tables");
  for (const name of rules.required) {
    tables.table(given, name, name, numbers[name], (td, index) => { td.textContent = rounded(tables.at(numbers[name], index)); });
  }
  const list = element(panel, "div.tables.questions");
  state.questions = rules.steps.filter((step) => step.asked).map((step) => ask(list, state, step));
  const help = element(panel, "div.actions");
  state.help = button(help, "Show the next step", () => showNext(state));
  state.progress = element(panel, "p.result", { role: "status" });
  state.step = element(panel, "div.step", { "aria-live": "polite" });
  state.end = element(panel, "div");
  refresh(state);
  new ResizeObserver(() => draw(state)).observe(state.drawing);
}

function ask(list, state, step) {
  const section = element(list, "section.question");
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

// Fills in the first quantity that isn't done, and says how it comes about.
function showNext(state) {
  const { step, inputs, hint } = state.questions.find((question) => !isDone(question));
  const values = exercise.truth(state.pass, step.name).flat();
  inputs.forEach((input, i) => {
    if (input.dataset.verdict === "right") return;
    input.value = rounded(values[i]);
    input.dataset.verdict = "shown";
    input.removeAttribute("aria-invalid");
    state.shown += 1;
  });
  hint.textContent = "";
  state.step.replaceChildren();
  walk.describe(state.step, state.pass, step);
  refresh(state);
}

function refresh(state) {
  const inputs = state.questions.flatMap((question) => question.inputs);
  const right = inputs.filter((input) => ["right", "shown"].includes(input.dataset.verdict)).length;
  const isEnd = right === inputs.length, shown = state.shown ? `, ${state.shown} of them shown` : "";
  for (const question of state.questions) question.section.classList.toggle("done", isDone(question));
  state.progress.textContent = `${isEnd ? "Done: " : ""}${right} of ${inputs.length} values are right${shown}.`;
  state.help.hidden = isEnd;
  state.end.replaceChildren();
  if (isEnd) zeros.show(state.end, state.pass, zeros.find(state.pass));
  draw(state);
}

// The drawing shows what has been worked out.
function draw(state) {
  const open = state.questions.filter((question) => !isDone(question));
  drawing.draw(state.drawing, state.pass, { hidden: new Set(open.map(({ step }) => step.name)) });
}

return { open };
})();
