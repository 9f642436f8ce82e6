// Explore: the network with all its numbers to change.
Playground.explore = (function () {
"use strict";
const { rules, backprop, zeros, drawing, tables, walk, network: file } = Playground;
const { element, button, formula, rounded } = Playground.notation;
const LARGEST = 4; // units of a layer

function open(panel) {
  const state = { network: rules.network, past: [] };
  const view = build(panel, state);
  refresh(view, state);
  new ResizeObserver(() => draw(view, state)).observe(view.drawing);
}

function build(panel, state) {
  const view = {};
  view.choices = buildChoices(panel, view, state);
  view.drawing = element(panel, "div.drawing");
  view.said = element(panel, "p.said.soft", {},
    "The wider a line, the larger the derivative in its weight. A dashed unit is off. Drag a number, or type it below.");
  view.result = element(panel, "p.result", { role: "status" });
  view.walk = walk.build(panel, () => { draw(view, state); walk.show(view.walk, state.pass); });
  buildDescent(panel, view, state);
  view.tables = element(panel, "div");
  view.error = element(panel, "p.error", { role: "alert" });
  element(panel, "h3", {}, "Zero derivatives");
  view.zeros = element(panel, "div");
  buildFile(panel, view, state);
  linkPlaces(panel, view, state);
  return view;
}

// Every change of the network goes through here.
function change(view, state, network, remember = true) {
  if (remember) state.past.push(state.network);
  state.network = network;
  refresh(view, state);
}

// Puts a number into the network; if it is none, says why and returns false.
function assign(view, state, name, index, text, remember) {
  view.error.textContent = file.refusalOf(() => file.number(name, text));
  if (view.error.textContent) return false;
  const replaced = (values, [first, ...rest]) => values.map((value, i) => (
    i !== first ? value : rest.length ? replaced(value, rest) : text.trim()));
  change(view, state, { ...state.network, [name]: replaced(state.network[name], index) }, remember);
  return true;
}

function refresh(view, state) {
  const { network } = state, pass = backprop.pass(network), sizes = file.sizes(network).join();
  state.pass = { ...pass, zeros: zeros.find(pass) };
  if (view.sizes !== sizes) {
    view.update = tables.build(view.tables, state.pass, (...typed) => assign(view, state, ...typed));
    view.sizes = sizes;
  }
  view.update(state.pass);
  updateChoices(view.choices, network);
  draw(view, state);
  walk.show(view.walk, state.pass);
  showResult(view.result, state.pass);
  zeros.show(view.zeros, state.pass, state.pass.zeros);
  view.undo.disabled = !state.past.length;
  view.text.value = file.write(network);
}

function draw(view, state) {
  const onDrag = (name, index, tenths, isFirst) => {
    assign(view, state, name, index, tables.moved(tables.at(state.network[name], index), tenths), isFirst);
  };
  drawing.draw(view.drawing, state.pass, { hidden: walk.hidden(view.walk), step: walk.step(view.walk), onDrag });
}

function showResult(place, { y_hat, loss }) {
  place.replaceChildren("Prediction ");
  formula(place, "\\hat{y}");
  place.append(` = (${y_hat.map((p) => rounded(p)).join(", ")}), loss `);
  formula(place, "L");
  place.append(` = ${rounded(loss)}`);
  place.dataset.value = loss;
}

// Pointing at a number, its derivative or its line marks all of them.
function linkPlaces(panel, view, state) {
  for (const type of ["pointerover", "focusin"]) {
    panel.addEventListener(type, ({ target }) => {
      const key = target.closest("[data-for]")?.dataset.for;
      for (const other of panel.querySelectorAll("[data-for]")) other.classList.toggle("linked", other.dataset.for === key);
      if (key) view.said.textContent = inWords(state.pass, key);
    });
  }
}

// What the derivative in a number says.
function inWords({ gradients, zeros: found }, key) {
  const [name, ...index] = key.split("-"), zero = found.find((other) => other.key === key);
  const label = tables.label(name, index.map(Number));
  if (!(name in gradients)) return label;
  if (zero) return `${label}: derivative 0; ${zeros.reasons(zero)}.`;
  const value = tables.at(gradients[name], index);
  return `${label}: derivative ${rounded(value)}; raising it a little ${value > 0 ? "raises" : "lowers"} the loss.`;
}

function buildChoices(panel, view, state) {
  const row = element(panel, "div.actions");
  const add = (label, options, changed) => {
    const select = element(element(row, "label", {}, `${label} `), "select");
    for (const option of options) element(select, "option", {}, option);
    select.addEventListener("change", () => change(view, state, changed(select.value, select.selectedIndex)));
    return select;
  };
  const counts = Array.from({ length: LARGEST }, (_, i) => `${i + 1}`);
  const { activation, output } = rules.choices;
  return {
    sizes: ["Inputs", "Hidden units", "Outputs"].map((label, layer) => (
      add(label, counts, (size) => file.resized(state.network, layer, Number(size))))),
    activation: add("Activation", activation, (chosen) => ({ ...state.network, activation: chosen })),
    output: add("Output", output, (chosen) => file.withOutput(state.network, chosen)),
    target: add("Target", [], (_, i) => ({ ...state.network, y: targets(state.network)[i] })),
  };
}

// All targets that a network may have.
function targets({ output, y }) {
  return output === "sigmoid" ? [["0"], ["1"]] : y.map((_, k) => file.oneHot(y.length, k));
}

function updateChoices({ sizes, activation, output, target }, network) {
  const isSigmoid = network.output === "sigmoid", hot = network.y.findIndex((text) => Number(text) === 1);
  file.sizes(network).forEach((size, i) => { sizes[i].value = size; });
  sizes[2].disabled = isSigmoid;
  activation.value = network.activation;
  output.value = network.output;
  target.replaceChildren();
  targets(network).forEach((_, i) => element(target, "option", {}, isSigmoid ? `y = ${i}` : `output ${i + 1}`));
  target.selectedIndex = hot + (isSigmoid ? 1 : 0);
}

function buildDescent(panel, view, state) {
  const row = element(panel, "div.actions");
  const rate = element(element(row, "label", {}, "Learning rate "), "input", { type: "number", min: 0, step: "any", value: 0.1 });
  button(row, "Gradient step", () => descend(view, state, Number(rate.value)), "button.main");
  view.undo = button(row, "Undo", () => {
    change(view, state, state.past.pop(), false);
    view.fall.textContent = "";
  });
  button(row, "Start again", () => change(view, state, rules.network));
  view.fall = element(panel, "p", { role: "status" });
}

function descend(view, state, rate) {
  const { loss, gradients, numbers } = state.pass;
  const moved = (text, value, slope) => (Array.isArray(text) ? text.map((inner, i) => moved(inner, value[i], slope[i]))
    : slope && rate ? String(Number((value - rate * slope).toFixed(6))) : text);
  const network = { ...state.network };
  for (const name of rules.parameters) network[name] = moved(network[name], numbers[name], gradients[name]);
  view.fall.textContent = file.refusalOf(() => change(view, state, file.read(file.write(network))));
  if (view.fall.textContent) return;
  const now = state.pass.loss, verb = now < loss ? "fell" : now > loss ? "rose" : "stayed";
  view.fall.textContent = `The loss ${verb}: from ${rounded(loss, 6)} to ${rounded(now, 6)}.`
    + (now > loss ? " The step was too long: try a smaller rate." : "");
}

function buildFile(panel, view, state) {
  const box = element(panel, "details");
  element(box, "summary", {}, "Your own network: network.toml");
  view.text = element(element(box, "label", {}, "The network as a file. Paste your own over it, or open one:"),
    "textarea", { rows: 9, spellcheck: "false" });
  const row = element(box, "div.actions");
  const said = element(box, "p.error", { role: "alert" });
  const read = () => {
    said.textContent = file.refusalOf(() => change(view, state, playable(file.read(view.text.value))));
  };
  button(row, "Use this text", read, "button.main");
  button(row, "Copy", () => { view.text.select(); document.execCommand("copy"); }); // works on a disk, too
  button(row, "Download", () => download(view.text.value));
  const opened = element(element(row, "label", {}, "Open "), "input", { type: "file" });
  opened.addEventListener("change", async () => {
    view.text.value = await opened.files[0].text();
    read();
  });
}

function playable(network) {
  if (Math.max(...file.sizes(network)) <= LARGEST) return network;
  throw new file.Refusal(`This page has room for ${LARGEST} units a layer; hw1 gradients takes larger networks.`);
}

function download(text) {
  const href = URL.createObjectURL(new Blob([text]));
  element(null, "a", { href, download: "network.toml" }).click();
  URL.revokeObjectURL(href);
}

return { open };
})();
