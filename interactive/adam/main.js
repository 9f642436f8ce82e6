// Chapter 2's two figures to play with; without this script their drawings stay.
// @fig-weights: the weights in m_t above one run of noisy gradients. @fig-steps: the size of the steps.
import { element } from "../shared/elements.js";
import { averages, largestDeviation, normals, stepSize, weightSum } from "./moments.js";
import { axes, line, panel, shown } from "./panel.js";

const MEAN = 2; // G of the run
/** The chapter's run. @type {number[]} */
const FIRST = JSON.parse(document.getElementById("adam-noise")?.textContent ?? "[]");
const RUN = FIRST.length;
const HORIZON = 100000; // steps over which the step sizes are followed
const RATES = [
  0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999,
];

/** @typedef {{ left: number, right: number }} Edges of a plot, in pixels */
/** @typedef {ReturnType<typeof axes>} Axes */

let seed = 0; // 0 is the chapter's own run

const STEPS = { from: -0.7, to: RUN + 0.7, ticks: [0, 10, 20, 30, 40] };

/** @type {import("./panel.js").Draw} */
function drawWeights(svg, width, { beta, noise, t }) {
  const sum = weightSum(beta, t);
  const missing = beta ** t;
  const weights = Array.from({ length: t }, (_, i) => (1 - beta) * beta ** (t - 1 - i));
  const edges = drawBars(svg, width, weights, sum, missing);
  drawShares(svg, edges, sum, missing);
  const all = seed === 0 ? FIRST : normals(seed, RUN);
  const gradients = all.map((z) => MEAN + noise * z);
  const uncorrected = averages(gradients, beta);
  const corrected = uncorrected.map((value, i) => value / weightSum(beta, i + 1));
  const below = runAxes(svg, width, all);
  drawRun(svg, below, t, gradients, uncorrected, corrected);
  return {
    text:
      `After step ${t} the gradients together weigh ${shown(sum)} and the zero at the start ` +
      `${shown(missing)}. The average is ${shown(uncorrected[t - 1])} without correction, ` +
      `${shown(corrected[t - 1])} with it; the gradients' mean is ${MEAN}.`,
    data: {
      sum,
      missing,
      uncorrected: uncorrected[t - 1],
      corrected: corrected[t - 1],
      weights: JSON.stringify(weights),
      gradients: JSON.stringify(gradients),
    },
  };
}

/**
 * The weight of each gradient, without and with correction, and that of the zero at the start.
 * @type {(svg: any, width: number, weights: number[], sum: number, missing: number) => Edges}
 */
function drawBars(svg, width, weights, sum, missing) {
  const largest = Math.max(missing, weights[weights.length - 1] / sum);
  const top = [0.1, 0.2, 0.5].find((y) => y >= largest) || 1;
  const { across, down, left, right } = axes(svg, width, { top: 26, bottom: 156 }, STEPS, {
    from: 0,
    to: top,
    ticks: [0, top],
    title: "weight",
    legend: [
      ["without", "in mₜ (filled)"],
      ["with", "corrected (outline)"],
    ],
  });
  const unit = across(1) - across(0);
  /** @type {(name: string, step: number, height: number) => void} */
  function bar(name, step, height) {
    element(svg, "rect", {
      class: name,
      x: across(step) - 0.4 * unit,
      width: 0.8 * unit,
      y: down(height),
      height: down(0) - down(height),
    });
  }
  bar("missing", 0, missing);
  weights.forEach((weight, i) => bar("filled", i + 1, weight));
  weights.forEach((weight, i) => bar("outline", i + 1, weight / sum));
  return { left, right };
}

/**
 * A strip, as wide as the plot where the weights sum to 1, and what of it each part takes.
 * @type {(svg: any, edges: Edges, sum: number, missing: number) => void}
 */
function drawShares(svg, { left, right }, sum, missing) {
  const middle = left + (right - left) * sum;
  /** @type {(name: string, from: number, to: number) => void} */
  const strip = (name, from, to) => {
    element(svg, "rect", { class: name, x: from, width: to - from, y: 204, height: 12 });
  };
  strip("filled", left, middle);
  strip("missing", middle, right);
  element(svg, "text", { class: "without", x: left, y: 198 }, "gradients " + sum.toFixed(4));
  const atEnd = { x: right, y: 198, "text-anchor": "end" };
  element(svg, "text", atEnd, "m₀ = 0: " + missing.toFixed(4));
}

/**
 * The axes of a run, wide enough for the most noise.
 * @type {(svg: any, width: number, noise: number[]) => Axes}
 */
function runAxes(svg, width, noise) {
  const low = Math.floor(Math.min(0, MEAN + 1.5 * Math.min(...noise)));
  const high = Math.ceil(MEAN + 1.5 * Math.max(...noise));
  return axes(
    svg,
    width,
    { top: 254, bottom: 394 },
    { ...STEPS, title: "step" },
    {
      from: low,
      to: high,
      ticks: [low, 0, MEAN, high],
      title: "gradients,",
      legend: [
        ["without", "mₜ (dashed)"],
        ["with", "corrected (solid)"],
      ],
    },
  );
}

/**
 * The gradients as dots, their averages as lines, and a guide at the step t.
 * @param {any} svg
 * @param {Axes} axes
 * @param {number} t
 * @param {number[]} gradients
 * @param {number[]} uncorrected
 * @param {number[]} corrected
 */
function drawRun(svg, { across, down, left, right }, t, gradients, uncorrected, corrected) {
  /** @type {(values: number[]) => number[][]} */
  const points = (values) => values.map((y, i) => [across(i + 1), down(y)]);
  element(svg, "path", { class: "guide", d: `M${left} ${down(MEAN)}H${right}` });
  element(svg, "path", { class: "guide", d: `M${across(t)} 254V394` });
  for (const [x, y] of points(gradients)) {
    element(svg, "circle", { class: "dot", cx: x, cy: y, r: 2 });
  }
  line(svg, "without", points(uncorrected));
  line(svg, "with", points(corrected));
  /** @type {(name: string, value: number) => void} */
  const end = (name, value) => {
    element(svg, "circle", { class: `end ${name}`, cx: across(t), cy: down(value), r: 4 });
  };
  end("without", uncorrected[t - 1]);
  end("with", corrected[t - 1]);
}

/** @type {import("./panel.js").Draw} */
function drawSteps(svg, width, { beta1, beta2 }) {
  const size = (/** @type {number} */ t) => stepSize(beta1, beta2, t);
  const worst = largestDeviation(beta1, beta2, HORIZON);
  const top = Math.max(1.2, 1.15 * size(worst)); // no size is above both 1 and the worst
  const ticks = [0, 1, ...(top > 2 ? [Math.floor(top / 1.15)] : [])];
  const { across, down } = axes(
    svg,
    width,
    { top: 26, bottom: 206 },
    { from: 1, to: HORIZON, log: true, ticks: [1, 10, 100, 1000, HORIZON], title: "step t" },
    {
      from: 0,
      to: top,
      ticks,
      title: "step / α",
      legend: [
        ["without", "uncorrected (dashed)"],
        ["with", "corrected"],
      ],
    },
  );
  const points = Array.from({ length: 201 }, (_, i) => HORIZON ** (i / 200));
  line(svg, "with", [
    [across(1), down(1)],
    [across(HORIZON), down(1)],
  ]);
  line(
    svg,
    "without",
    points.map((t) => [across(t), down(size(t))]),
  );
  element(svg, "circle", { class: "end without", cx: across(worst), cy: down(size(worst)), r: 4 });
  return {
    text:
      `Without correction the first step has the size ${shown(size(1))} α; the largest ` +
      `deviation is at step ${worst.toLocaleString("en")}: ${shown(size(worst))} α. With correction all have the size α.`,
    data: { first: size(1), worst, peak: size(worst) },
  };
}

/** @type {(name: string, label: string, start: number) => import("./panel.js").Slider} */
const rate = (name, label, start) => ({ name, label, values: RATES, start });
const weights = panel(
  "adam-weights",
  "fig-weights",
  "Weights in the moving average, and a run of gradients with it",
  [
    rate("beta", "Decay rate β", 0.9),
    { name: "t", label: "Step t", min: 1, max: RUN, start: 10 },
    { name: "noise", label: "Noise", max: 1.5, step: 0.1, start: 1 },
  ],
  436,
  drawWeights,
);
if (weights) {
  const button = element(weights.controls, "button", { type: "button" }, "New gradients");
  button.addEventListener("click", function () {
    seed += 1;
    weights.update();
  });
}
panel(
  "adam-steps",
  "fig-steps",
  "Size of Adam's steps for a constant gradient, with and without bias correction",
  [rate("beta1", "Decay rate β₁", 0.9), rate("beta2", "Decay rate β₂", 0.999)],
  250,
  drawSteps,
);
