// Explore: the network with all its numbers to change.

/** @typedef {import("./types").Index} Index */
/** @typedef {import("./types").Network} Network */
/** @typedef {import("./types").View} View */
import * as drawing from "./drawing.js";
import { isPositive, parse, toNumber } from "./exact.js";
import { plain } from "./judging.js";
import * as file from "./network.js";
import { element } from "../shared/elements.js";
import { describeZeros, formula } from "./notation.js";
import { at, label, rounded } from "./numbers.js";
import { pass } from "./certified.js";
import { rules } from "./rules.js";
import * as tables from "./tables.js";
import * as walk from "./walk.js";
import * as zeros from "./zeros.js";

/**
 * @typedef {object} State
 * @property {Network} network
 * @property {Network[]} past
 * @property {import("./types").Pass} pass
 * @property {import("./types").Zero[]} zeros
 * @property {walk.Walk} walk
 */

/**
 * Builds the panel; gives a function that shows the network of an address.
 * @param {View} view
 */
export function open(view) {
  const network = rules.network;
  /** @type {State} */
  const state = {
    network,
    past: [],
    pass: pass(network),
    zeros: [],
    walk: walk.build(view, () => showValues(view, state)),
  };
  buildChoices(view, state);
  view.descend.addEventListener("click", () => descend(view, state));
  view.again.addEventListener("click", () => change(view, state, rules.network));
  view.undo.addEventListener("click", () => {
    change(view, state, state.past.pop() ?? state.network, false);
    view.fall.textContent = "";
  });
  buildFile(view, state);
  linkPlaces(view, state);
  refresh(view, state);
  new ResizeObserver(() => draw(view, state)).observe(view.drawing);
  return (/** @type {string} */ address) => {
    view.error.textContent = file.refusalOf(() => {
      change(view, state, playable(file.fromAddress(address)));
    });
  };
}

/**
 * Every change of the network goes through here. The page's address holds the network.
 * @type {(view: View, state: State, network: Network, remember?: boolean) => void}
 */
function change(view, state, network, remember = true) {
  if (remember) state.past.push(state.network);
  state.network = network;
  view.error.textContent = view.refusal.textContent = "";
  const isFirst = network === rules.network;
  const address = isFirst ? "playground" : `network=${file.toAddress(network)}`;
  history.replaceState(null, "", `#${address}`);
  refresh(view, state);
}

/**
 * Puts a number into the network; if it is none, says why and returns false.
 * @type {(view: View, state: State, name: string, index: Index, text: string, remember?: boolean) => boolean}
 */
function assign(view, state, name, index, text, remember) {
  let number = "";
  view.error.textContent = file.refusalOf(() => (number = file.typedNumber(text)));
  if (view.error.textContent) return false;
  /** @type {(values: any[], index: Index) => any[]} */
  const replaced = (values, [first, ...rest]) =>
    values.map((value, i) => {
      if (i !== first) return value;
      return rest.length ? replaced(value, rest) : number;
    });
  const values = replaced(state.network[name], index);
  change(view, state, { ...state.network, [name]: values }, remember);
  return true;
}

/** @type {(view: View, state: State) => void} */
function refresh(view, state) {
  const { network } = state;
  const sizes = file.sizes(network).join();
  state.pass = pass(network);
  state.zeros = zeros.find(state.pass);
  if (view.sizes !== sizes) {
    view.update = tables.build(view.tables, state.pass, (name, index, text) =>
      assign(view, state, name, index, text),
    );
    view.sizes = sizes;
  }
  updateChoices(view, network);
  showValues(view, state);
  describeZeros(view.zeros, state.pass, state.zeros);
  view.undo.disabled = !state.past.length;
  view.text.value = file.write(network);
}

/** @type {(view: View, state: State) => void} */
function showValues(view, state) {
  const hidden = walk.hiddenValues(state.walk);
  const keys = state.zeros.map((zero) => zero.key);
  view.update(state.pass, keys, hidden);
  showResult(view.result, state.pass, hidden);
  draw(view, state);
}

/** @type {(view: View, state: State) => void} */
function draw(view, state) {
  /** @type {drawing.OnDrag} */
  const onDrag = (name, index, tenths, isFirst) => {
    const number = tables.moved(at(state.network[name], index), tenths);
    assign(view, state, name, index, number, isFirst);
  };
  const hidden = walk.hidden(state.walk);
  drawing.draw(view.drawing, state.pass, { hidden, step: rules.steps[state.walk.at], onDrag });
  walk.show(state.walk, state.pass);
}

/**
 * Prediction and loss, unless the walk has not come to them yet.
 * @type {(place: any, pass: import("./types").Pass, hidden: Set<string>) => void}
 */
function showResult(place, { values: { y_hat, loss } }, hidden) {
  const prediction = y_hat.map((/** @type {number} */ p) => rounded(p)).join(", ");
  place.replaceChildren("Prediction ");
  formula(place, "\\hat{y}");
  place.append(` = ${hidden.has("y_hat") ? "?" : `(${prediction})`}, loss `);
  formula(place, "L");
  place.append(` = ${hidden.has("loss") ? "?" : rounded(loss)}`);
  place.dataset.value = loss;
}

/**
 * Pointing at a number, its derivative or its line marks all of them.
 * @type {(view: View, state: State) => void}
 */
function linkPlaces(view, state) {
  const panel = view.explorePanel;
  for (const type of ["pointerover", "focusin"]) {
    panel.addEventListener(type, (/** @type {any} */ { target }) => {
      const key = target.closest("[data-for]")?.dataset.for;
      for (const other of panel.querySelectorAll("[data-for]")) {
        other.classList.toggle("linked", other.dataset.for === key);
      }
      if (key) view.legend.textContent = inWords(state, key);
    });
  }
}

/**
 * What the derivative in a number says.
 * @type {(state: State, key: string) => string}
 */
function inWords(state, key) {
  const [name, ...places] = key.split("-");
  const index = places.map(Number);
  const words = label(name, index);
  const zero = state.zeros.find((other) => other.key === key);
  if (!rules.parameters.includes(name)) return words;
  if (zero) return `${words}: derivative 0; ${zeros.reasons(zero)}.`;
  const value = at(state.pass.values[`d${name}`], index);
  const effect = value > 0 ? "raises" : "lowers";
  return `${words}: derivative ${rounded(value)}; raising it a little ${effect} the loss.`;
}

/** @type {(view: View, state: State) => void} */
function buildChoices(view, state) {
  /** @type {(select: any, changed: (value: string) => object) => void} */
  const on = (select, changed) => {
    select.addEventListener("change", () => {
      change(view, state, { ...state.network, ...changed(select.value) });
    });
  };
  [view.inputs, view.hidden, view.outputs].forEach((select, layer) => {
    on(select, (size) => file.resized(state.network, layer, Number(size)));
  });
  on(view.activation, (activation) => ({ activation }));
  on(view.output, (output) => file.withOutput(state.network, output));
  on(view.target, () => ({ y: targets(state.network)[view.target.selectedIndex] }));
}

/**
 * All targets that a network may have.
 * @param {Network} network
 */
function targets({ output, y }) {
  return output === "sigmoid" ? [["0"], ["1"]] : y.map((_, k) => file.oneHot(y.length, k));
}

/** @type {(view: View, network: Network) => void} */
function updateChoices({ inputs, hidden, outputs, activation, output, target }, network) {
  const isSigmoid = network.output === "sigmoid";
  const hot = network.y.findIndex((text) => Number(text) === 1);
  [inputs.value, hidden.value, outputs.value] = file.sizes(network);
  outputs.disabled = isSigmoid;
  activation.value = network.activation;
  output.value = network.output;
  target.replaceChildren();
  targets(network).forEach((_, i) => {
    element(target, "option", {}, isSigmoid ? `y = ${i}` : `output ${i + 1}`);
  });
  target.selectedIndex = hot + (isSigmoid ? 1 : 0);
}

/**
 * A step of gradient descent.
 * @type {(view: View, state: State) => void}
 */
function descend(view, state) {
  const text = plain(view.rate.value);
  const isRate = text !== null && isPositive(parse(text));
  view.rate.setAttribute("aria-invalid", String(!isRate));
  if (!isRate) {
    view.fall.textContent = "The learning rate must be a number above 0, such as 0.1.";
    return;
  }
  const { values, numbers } = state.pass;
  const rate = toNumber(parse(text));
  const network = { ...state.network };
  for (const name of rules.parameters) {
    network[name] = moved(network[name], numbers[name], values[`d${name}`], rate);
  }
  view.fall.textContent = file.refusalOf(() => {
    change(view, state, file.read(file.write(network)));
  });
  if (!view.fall.textContent) view.fall.textContent = effect(values.loss, state.pass.values.loss);
}

/**
 * The numbers of a parameter after a step, as texts; those of derivative 0 stay as they are.
 * @type {(texts: any, numbers: any, slopes: any, rate: number) => any}
 */
function moved(texts, numbers, slopes, rate) {
  if (Array.isArray(texts)) return texts.map((text, i) => moved(text, numbers[i], slopes[i], rate));
  return slopes ? String(Number((numbers - rate * slopes).toFixed(6))) : texts;
}

/** @type {(before: number, after: number) => string} */
function effect(before, after) {
  const range = `from ${rounded(before, 6)} to ${rounded(after, 6)}.`;
  if (after > before) return `The loss rose: ${range} The step was too long: try a smaller rate.`;
  return after < before ? `The loss fell: ${range}` : `The loss stayed: ${range}`;
}

/** @type {(view: View, state: State) => void} */
function buildFile(view, state) {
  const read = () => {
    view.refusal.textContent = file.refusalOf(() => {
      change(view, state, playable(file.read(view.text.value)));
    });
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

/** @type {(network: Network) => Network} */
function playable(network) {
  if (Math.max(...file.sizes(network)) <= rules.room) return network;
  throw new file.Refusal(
    `This page has room for ${rules.room} units a layer; hw1 gradients takes larger networks.`,
  );
}

/** @type {(text: string) => void} */
function download(text) {
  const href = URL.createObjectURL(new Blob([text]));
  element(null, "a", { href, download: "network.toml" }).click();
  URL.revokeObjectURL(href);
}
