// What browsers leave to wish for in MathML, and scrolling by keyboard; on the pages of both engines.
(function () {
  "use strict";
  const MATHML = "http://www.w3.org/1998/Math/MathML";
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // A hat as wide as its letter, not as all that is under it.
  each('math mo[accent="true"]', function (mark) {
    if (mark.textContent !== "\u0302") return;
    mark.textContent = "^";
    mark.setAttribute("stretchy", "false");
  });

  // A gap between the name of an operator and what it is applied to, as in "log p" and "min V".
  each("math mi", function (name) {
    if (!/^[a-z]{2,}$/.test(name.textContent)) return;
    const limits = name.closest("msub, munder") || name;
    let next = limits.nextElementSibling;
    while (next && next.textContent === "\u2061") next = next.nextElementSibling; // is applied to
    if (!next || next.localName === "mo" || /^[([{|]/.test(next.textContent.trim())) return;
    const gap = document.createElementNS(MATHML, "mspace");
    gap.setAttribute("width", "0.17em");
    limits.after(gap);
  });

  // Formulas side by side, with wide gaps between, go below each other where there is no room.
  each('math[display="block"]', function (math) {
    const row = math.querySelector("mrow");
    const isGap = (part) => part.localName === "mspace" && parseFloat(part.getAttribute("width")) >= 1;
    if (!row || row.parentNode.localName !== "semantics" || ![...row.children].some(isGap)) return;
    const parts = document.createElement("span");
    parts.className = "formulas";
    [...row.children].reduce(function (last, part) {
      if (isGap(part)) return null;
      if (last) { last.firstChild.append(part); return last; }
      const made = math.cloneNode(false);
      made.append(document.createElementNS(MATHML, "mrow"));
      made.firstChild.append(part);
      return parts.appendChild(made);
    }, null);
    math.replaceWith(parts);
  });

  // No line begins with the comma that follows a formula.
  each('math:not([display="block"])', function (math) {
    const after = (math.closest(".math.inline") || math).nextSibling;
    const mark = after && after.nodeType === Node.TEXT_NODE && /^[.,;:!?)\u2019]+/.exec(after.data);
    if (!mark) return;
    const unbroken = document.createElement("span");
    unbroken.className = "unbroken";
    after.splitText(mark[0].length);
    after.before(unbroken);
    unbroken.append(unbroken.previousSibling, after);
  });

  // A formula that is wider than its place is set smaller, as long as it can be read; then it scrolls.
  const SMALLEST = 9.5; // pixels
  const formulas = document.querySelectorAll('math[display="block"]');
  function fit() {
    formulas.forEach(function (math) { math.style.fontSize = ""; });
    formulas.forEach(function (math) {
      const share = math.clientWidth / math.scrollWidth;
      const size = parseFloat(getComputedStyle(math).fontSize);
      if (share < 1) math.style.fontSize = `${Math.max(0.98 * share * size, SMALLEST)}px`;
    });
  }
  document.fonts.ready.then(fit);
  window.addEventListener("resize", fit);

  // What scrolls sideways can be reached by keyboard, whenever it comes to be too wide.
  const observer = new ResizeObserver(function (changes) {
    changes.forEach(function (change) {
      const box = change.target;
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    });
  });
  each('main pre, main div.sourceCode, .cell-output-display, .table-box, math[display="block"]', function (box) { observer.observe(box); });
})();
