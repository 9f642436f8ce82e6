// Chapter 2's plot to play with: Adam's expected first moment with and without bias correction, for
// a decay rate, a mean gradient and a step that the reader chooses. Fills #bias-correction.
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const LAST = 200;
  const BOX = { left: 46, right: 590, top: 16, bottom: 216 };
  const SLIDERS = [
    { name: "beta1", label: "Decay rate β₁", min: 0, max: 0.99, step: 0.01, value: 0.9 },
    { name: "mean", label: "Mean gradient G", min: -3, max: 3, step: 0.1, value: 2 },
    { name: "t", label: "Step t", min: 1, max: LAST, step: 1, value: 10 },
  ];
  const place = document.getElementById("bias-correction");
  const inputs = {};

  // E(m_t) = G (1 - beta^t), by expm1 so that nothing cancels.
  function uncorrected(beta1, mean, t) {
    return beta1 === 0 ? mean : -mean * Math.expm1(t * Math.log(beta1));
  }

  function element(parent, name, attributes, text) {
    const isDrawn = parent.namespaceURI === SVG || name === "svg";
    const made = isDrawn ? document.createElementNS(SVG, name) : document.createElement(name);
    Object.entries(attributes || {}).forEach(function (entry) { made.setAttribute(entry[0], entry[1]); });
    if (text) made.textContent = text;
    return parent.appendChild(made);
  }

  SLIDERS.forEach(function (slider) {
    const row = element(place, "p", { class: "slider" });
    const label = element(row, "label", { for: "bias-" + slider.name }, slider.label + " ");
    inputs[slider.name] = element(row, "input", {
      id: "bias-" + slider.name, type: "range", min: slider.min, max: slider.max,
      step: slider.step, value: slider.value,
    });
    label.htmlFor = inputs[slider.name].id;
    inputs[slider.name].shown = element(row, "output", { for: inputs[slider.name].id });
    inputs[slider.name].addEventListener("input", update);
  });
  const svg = element(place, "svg", { viewBox: "0 0 640 264", role: "img", class: "playable" });
  const title = element(svg, "title");
  const axes = element(svg, "g", { stroke: "currentColor", "stroke-width": 1 });
  element(axes, "line", { x1: BOX.left, x2: BOX.left, y1: BOX.top, y2: BOX.bottom });
  const zero = element(axes, "line", { x1: BOX.left, x2: BOX.right });
  const words = element(svg, "g", { fill: "currentColor" });
  element(words, "text", { x: (BOX.left + BOX.right) / 2, y: BOX.bottom + 42, "text-anchor": "middle" }, "step t");
  [1, 50, 100, 150, LAST].forEach(function (t) {
    element(words, "text", { x: across(t), y: BOX.bottom + 20, "text-anchor": "middle" }, String(t));
  });
  [-3, -2, -1, 0, 1, 2, 3].forEach(function (value) {
    element(words, "text", {
      x: BOX.left - 8, y: down(value), "text-anchor": "end", "dominant-baseline": "central",
    }, String(value).replace("-", "−"));
  });
  const flat = element(svg, "line", { x1: BOX.left, x2: BOX.right, class: "with", "stroke-width": 2.5 });
  const curve = element(svg, "polyline", { class: "without", fill: "none", "stroke-width": 2.5, "stroke-dasharray": "7 4" });
  const dot = element(svg, "circle", { r: 5.5, class: "without-dot" });
  const readout = element(place, "p", { id: "bias-readout", "aria-live": "polite" });
  zero.setAttribute("y1", down(0));
  zero.setAttribute("y2", down(0));
  update();

  function across(t) { return BOX.left + (t - 1) / (LAST - 1) * (BOX.right - BOX.left); }
  function down(value) { return BOX.bottom - (value + 3) / 6 * (BOX.bottom - BOX.top); }

  function update() {
    const beta1 = Number(inputs.beta1.value), mean = Number(inputs.mean.value), t = Number(inputs.t.value);
    Object.values(inputs).forEach(function (input) { input.shown.textContent = " " + input.value; });
    const points = [];
    for (let i = 1; i <= LAST; i += 1) points.push(across(i) + "," + down(uncorrected(beta1, mean, i)));
    curve.setAttribute("points", points.join(" "));
    flat.setAttribute("y1", down(mean));
    flat.setAttribute("y2", down(mean));
    const value = uncorrected(beta1, mean, t);
    dot.setAttribute("cx", across(t));
    dot.setAttribute("cy", down(value));
    place.dataset.corrected = mean;
    place.dataset.uncorrected = value;
    const text = "At step " + t + " the expected first moment is " + Number(mean.toPrecision(6)) +
      " with correction (solid line) and " + Number(value.toPrecision(6)) + " without (dashed line).";
    readout.textContent = text;
    title.textContent = text;
  }
})();
