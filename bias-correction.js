// Chapter 2's two figures to play with; without this script their drawings stay.
// @fig-weights: the weights in m_t above one run of noisy gradients. @fig-steps: the size of the steps.
(function () {
  "use strict";
  const MEAN = 2; // G of the run
  const FIRST = JSON.parse(document.getElementById("adam-noise").textContent); // the chapter's run
  const RUN = FIRST.length;
  const HORIZON = 100000; // steps over which the step sizes are followed
  const RATES = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999];
  const EDGE = { left: 42, right: 16 };

  // Arithmetic -----------------------------------------------------------------------------------

  // 1 - beta^t, by expm1 so that nothing cancels.
  const weightSum = (beta, t) => (beta === 0 ? 1 : -Math.expm1(t * Math.log(beta)));
  const stepSize = (beta1, beta2, t) => weightSum(beta1, t) / Math.sqrt(weightSum(beta2, t));

  // Standard normal numbers: mulberry32, and Box and Muller's transformation.
  function normals(seed, count) {
    let state = seed;
    function uniform() {
      state = (state + 0x6d2b79f5) | 0;
      let x = Math.imul(state ^ (state >>> 15), 1 | state);
      x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
      return (((x ^ (x >>> 14)) >>> 0) + 0.5) / 4294967296;
    }
    return Array.from({ length: count }, () =>
      Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  function averages(gradients, beta) {
    let m = 0;
    return gradients.map((g) => (m = beta * m + (1 - beta) * g));
  }

  // Elements -------------------------------------------------------------------------------------

  function add(parent, name, attributes, text) {
    const drawn = name === "svg" || parent.namespaceURI.endsWith("svg");
    const made = document.createElementNS(drawn ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  }

  const shown = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

  // A panel of sliders, a drawing and a line that says what is to be seen, in the place of a figure.
  // draw(svg, width, values) returns that line and the numbers for the panel's data attributes.
  function panel(id, figureId, label, sliders, height, draw) {
    const figure = document.getElementById(figureId);
    if (!figure) return null;
    const place = document.createElement("div");
    place.id = id;
    place.className = "adam-panel";
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", label);
    figure.before(place);
    const controls = add(place, "div", { class: "controls" });
    const inputs = sliders.map(function (slider) {
      const row = add(controls, "p");
      const name = id + "-" + slider.name;
      add(row, "label", { for: name }, slider.label);
      const input = add(row, "input", {
        id: name, type: "range", min: slider.min || 0, step: slider.step || 1,
        max: slider.values ? slider.values.length - 1 : slider.max,
      });
      input.value = slider.values ? slider.values.indexOf(slider.start) : slider.start;
      const output = add(row, "output", { for: name });
      return {
        name: slider.name, input, output,
        value: () => (slider.values ? slider.values[input.value] : Number(input.value)),
      };
    });
    const svg = add(place, "svg", { height, role: "img", "aria-label": label });
    const readout = add(place, "p", { class: "readout", role: "status" });
    function update() {
      const values = {};
      for (const { name, input, output, value } of inputs) {
        values[name] = value();
        output.textContent = value();
        input.setAttribute("aria-valuetext", value());
      }
      const { width } = svg.getBoundingClientRect();
      if (!width) return;
      svg.setAttribute("viewBox", "0 0 " + width + " " + height);
      svg.textContent = "";
      const result = draw(svg, width, values);
      if (readout.textContent !== result.text) readout.textContent = result.text;
      Object.assign(place.dataset, result.data);
    }
    for (const { input } of inputs) input.addEventListener("input", update);
    new ResizeObserver(update).observe(svg);
    return { controls, update };
  }

  // A scale for each direction, and axes with these ticks; `across` and `down` give pixels.
  function axes(svg, width, box, xs, ys) {
    const left = EDGE.left, right = width - EDGE.right;
    const along = xs.log ? (x) => Math.log(x / xs.from) / Math.log(xs.to / xs.from) : (x) => (x - xs.from) / (xs.to - xs.from);
    const across = (x) => left + along(x) * (right - left);
    const down = (y) => box.bottom - (y - ys.from) / (ys.to - ys.from) * (box.bottom - box.top);
    add(svg, "path", { class: "axis", d: `M${left} ${box.top}V${box.bottom}H${right}` });
    for (const x of xs.ticks) {
      const anchor = x === xs.to ? "end" : "middle";
      add(svg, "text", { x: across(x), y: box.bottom + 17, "text-anchor": anchor }, x.toLocaleString("en"));
    }
    for (const y of ys.ticks) {
      add(svg, "text", { x: left - 6, y: down(y) + 4, "text-anchor": "end" }, shown(y));
    }
    if (xs.title) add(svg, "text", { x: (left + right) / 2, y: box.bottom + 36, "text-anchor": "middle" }, xs.title);
    const title = add(svg, "text", { y: box.top - 10 }, ys.title);
    ys.legend.forEach(function ([name, text], i) {
      add(title, "tspan", {}, i === 0 ? " " : ", ");
      add(title, "tspan", { class: name }, text);
    });
    return { across, down, left, right };
  }

  function line(svg, name, points) {
    const path = points.map(([x, y]) => x.toFixed(2) + " " + y.toFixed(2)).join("L");
    add(svg, "path", { class: "line " + name, d: "M" + path });
  }

  // The figures ----------------------------------------------------------------------------------

  let seed = 0; // 0 is the chapter's own run

  function drawWeights(svg, width, { beta, noise, t }) {
    const sum = weightSum(beta, t), missing = beta ** t;
    const weights = Array.from({ length: t }, (_, i) => (1 - beta) * beta ** (t - 1 - i));
    const top = [0.1, 0.2, 0.5].find((y) => y >= Math.max(missing, weights[t - 1] / sum)) || 1;
    const steps = { from: -0.7, to: RUN + 0.7, ticks: [0, 10, 20, 30, 40] };
    const above = axes(svg, width, { top: 26, bottom: 156 }, steps, {
      from: 0, to: top, ticks: [0, top], title: "weight",
      legend: [["without", "in mₜ (filled)"], ["with", "corrected (outline)"]],
    });
    const unit = above.across(1) - above.across(0);
    function bar(name, step, height) {
      add(svg, "rect", {
        class: name, x: above.across(step) - 0.4 * unit, width: 0.8 * unit,
        y: above.down(height), height: above.down(0) - above.down(height),
      });
    }
    bar("missing", 0, missing);
    weights.forEach((weight, i) => bar("filled", i + 1, weight));
    weights.forEach((weight, i) => bar("outline", i + 1, weight / sum));
    const strip = above.left + (above.right - above.left) * sum; // where 1 is the whole width
    add(svg, "rect", { class: "filled", x: above.left, width: strip - above.left, y: 204, height: 12 });
    add(svg, "rect", { class: "missing", x: strip, width: above.right - strip, y: 204, height: 12 });
    add(svg, "text", { class: "without", x: above.left, y: 198 }, "gradients " + sum.toFixed(4));
    add(svg, "text", { x: above.right, y: 198, "text-anchor": "end" }, "m₀ = 0: " + missing.toFixed(4));

    const all = seed === 0 ? FIRST : normals(seed, RUN);
    const gradients = all.map((z) => MEAN + noise * z);
    const m = averages(gradients, beta);
    const hats = m.map((value, i) => value / weightSum(beta, i + 1));
    const low = Math.floor(Math.min(0, MEAN + 1.5 * Math.min(...all)));
    const high = Math.ceil(MEAN + 1.5 * Math.max(...all));
    const values = {
      from: low, to: high, ticks: [low, 0, MEAN, high], title: "gradients,",
      legend: [["without", "mₜ (dashed)"], ["with", "corrected (solid)"]],
    };
    const below = axes(svg, width, { top: 254, bottom: 394 }, { ...steps, title: "step" }, values);
    const at = (list) => list.map((y, i) => [below.across(i + 1), below.down(y)]);
    add(svg, "path", { class: "guide", d: `M${below.left} ${below.down(MEAN)}H${below.right}` });
    add(svg, "path", { class: "guide", d: `M${below.across(t)} 254V394` });
    for (const [x, y] of at(gradients)) add(svg, "circle", { class: "dot", cx: x, cy: y, r: 2 });
    line(svg, "without", at(m));
    line(svg, "with", at(hats));
    add(svg, "circle", { class: "end without", cx: below.across(t), cy: below.down(m[t - 1]), r: 4 });
    add(svg, "circle", { class: "end with", cx: below.across(t), cy: below.down(hats[t - 1]), r: 4 });
    return {
      text: `After step ${t} the gradients together weigh ${shown(sum)} and the zero at the start ` +
        `${shown(missing)}. The average is ${shown(m[t - 1])} without correction, ` +
        `${shown(hats[t - 1])} with it; the gradients' mean is ${MEAN}.`,
      data: {
        sum, missing, uncorrected: m[t - 1], corrected: hats[t - 1],
        weights: JSON.stringify(weights), gradients: JSON.stringify(gradients),
      },
    };
  }

  function drawSteps(svg, width, { beta1, beta2 }) {
    const size = (t) => stepSize(beta1, beta2, t);
    let worst = 1; // the step that is furthest off
    for (let t = 1; t <= HORIZON; t += 1) {
      if (Math.abs(Math.log(size(t))) > Math.abs(Math.log(size(worst)))) worst = t;
    }
    const top = Math.max(1.2, 1.15 * size(worst)); // no size is above both 1 and the worst
    const ticks = [0, 1, ...(top > 2 ? [Math.floor(top / 1.15)] : [])];
    const { across, down } = axes(svg, width, { top: 26, bottom: 206 },
      { from: 1, to: HORIZON, log: true, ticks: [1, 10, 100, 1000, HORIZON], title: "step t" },
      { from: 0, to: top, ticks, title: "step / α", legend: [["without", "uncorrected (dashed)"], ["with", "corrected"]] });
    const points = Array.from({ length: 201 }, (_, i) => HORIZON ** (i / 200));
    line(svg, "with", [[across(1), down(1)], [across(HORIZON), down(1)]]);
    line(svg, "without", points.map((t) => [across(t), down(size(t))]));
    add(svg, "circle", { class: "end without", cx: across(worst), cy: down(size(worst)), r: 4 });
    return {
      text: `Without correction the first step has the size ${shown(size(1))} α; the largest ` +
        `deviation is at step ${worst.toLocaleString("en")}: ${shown(size(worst))} α. With correction all have the size α.`,
      data: { first: size(1), worst, peak: size(worst) },
    };
  }

  const rate = (name, label, start) => ({ name, label, values: RATES, start });
  const weights = panel("adam-weights", "fig-weights",
    "Weights in the moving average, and a run of gradients with it", [
      rate("beta", "Decay rate β", 0.9),
      { name: "t", label: "Step t", min: 1, max: RUN, start: 10 },
      { name: "noise", label: "Noise", max: 1.5, step: 0.1, start: 1 },
    ], 436, drawWeights);
  if (weights) {
    const button = add(weights.controls, "button", { type: "button" }, "New gradients");
    button.addEventListener("click", function () {
      seed += 1;
      weights.update();
    });
  }
  panel("adam-steps", "fig-steps", "Size of Adam's steps for a constant gradient, with and without bias correction", [
    rate("beta1", "Decay rate β₁", 0.9),
    rate("beta2", "Decay rate β₂", 0.999),
  ], 250, drawSteps);
})();
