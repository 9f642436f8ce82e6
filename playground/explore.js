// Explore: the network with all its numbers to change.
Playground.explore = (function () {
"use strict";
const { rules, backprop, zeros, drawing, tables, walk, network: file } = Playground;
const { element, formula, rounded } = Playground.notation;

function open(view) {
  const state = { network: rules.network, past: [], walk: walk.build(view, () => draw(view, state)) };
  buildChoices(view, state);
  view.descend.addEventListener("click", () => descend(view, state, Number(view.rate.value)));
  view.again.addEventListener("click", () => change(view, state, rules.network));
  view.undo.addEventListener("click", () => {
    change(view, state, state.past.pop(), false);
    view.fall.textContent = "";
  });
  buildFile(view, state);
  linkPlaces(view, state);
  refresh(view, state);
  new ResizeObserver(() => draw(view, state)).observe(view.drawing);
}

// Every change of the network goes through here.
function change(view, state, network, remember = true) {
  if (remember) state.past.push(state.network);
  state.network = network;
  view.error.textContent = view.refusal.textContent = "";
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
  updateChoices(view, network);
  draw(view, state);
  showResult(view.result, state.pass);
  zeros.show(view.zeros, state.pass, state.pass.zeros);
  view.undo.disabled = !state.past.length;
  view.text.value = file.write(network);
}

function draw(view, state) {
  const onDrag = (name, index, tenths, isFirst) => {
    assign(view, state, name, index, tables.moved(tables.at(state.network[name], index), tenths), isFirst);
  };
  drawing.draw(view.drawing, state.pass, { hidden: walk.hidden(state.walk), step: rules.steps[state.walk.at], onDrag });
  walk.show(state.walk, state.pass);
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
function linkPlaces(view, state) {
  const panel = view.explorePanel;
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

function buildChoices(view, state) {
  const on = (select, changed) => {
    select.addEventListener("change", () => change(view, state, { ...state.network, ...changed(select.value) }));
  };
  [view.inputs, view.hidden, view.outputs].forEach((select, layer) => {
    on(select, (size) => file.resized(state.network, layer, Number(size)));
  });
  on(view.activation, (activation) => ({ activation }));
  on(view.output, (output) => file.withOutput(state.network, output));
  on(view.target, () => ({ y: targets(state.network)[view.target.selectedIndex] }));
}

// All targets that a network may have.
function targets({ output, y }) {
  return output === "sigmoid" ? [["0"], ["1"]] : y.map((_, k) => file.oneHot(y.length, k));
}

function updateChoices({ inputs, hidden, outputs, activation, output, target }, network) {
  const isSigmoid = network.output === "sigmoid", hot = network.y.findIndex((text) => Number(text) === 1);
  [inputs.value, hidden.value, outputs.value] = file.sizes(network);
  outputs.disabled = isSigmoid;
  activation.value = network.activation;
  output.value = network.output;
  target.replaceChildren();
  targets(network).forEach((_, i) => element(target, "option", {}, isSigmoid ? `y = ${i}` : `output ${i + 1}`));
  target.selectedIndex = hot + (isSigmoid ? 1 : 0);
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

function buildFile(view, state) {
  const read = () => {
    view.refusal.textContent = file.refusalOf(() => change(view, state, playable(file.read(view.text.value))));
  };
  view.use.addEventListener("click", read);
  view.download.addEventListener("click", () => download(view.text.value));
  view.copy.addEventListener("click", () => {
    view.text.select();
    document.execCommand("copy"); // works on pages from a disk, too
  });
  view.open.addEventListener("change", async () => {
    view.text.value = await view.open.files[0].text();
    read();
  });
}

function playable(network) {
  if (Math.max(...file.sizes(network)) <= rules.room) return network;
  throw new file.Refusal(`This page has room for ${rules.room} units a layer; hw1 gradients takes larger networks.`);
}

function download(text) {
  const href = URL.createObjectURL(new Blob([text]));
  element(null, "a", { href, download: "network.toml" }).click();
  URL.revokeObjectURL(href);
}

return { open };
})();
