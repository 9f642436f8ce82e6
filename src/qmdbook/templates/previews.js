// What a reference points to, shown beside it while the mouse or the keyboard's focus is on it:
// a figure, table, equation, footnote or cited work, or how a section begins.
(function () {
  "use strict";

  const WAIT = 200; // milliseconds, so that a mouse that only passes shows nothing
  const GAP = 6; // pixels between reference and preview
  const box = document.createElement("div");
  let shown = null;
  let timer = 0;
  box.id = "preview";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);

  function reference(event) {
    const link = event.target.closest("main a[href*='#']");
    return link && !link.matches(".footnote-back, code a") ? link : null;
  }

  // Copies of what stands on this page; of another page's section, its text in the search index.
  function content(link) {
    const isHere = link.href.split("#")[0] === location.href.split("#")[0];
    const target = isHere && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (target) return parts(target).map(copy);
    const entry = window.searchIndex.find(function (other) {
      return new URL(other.href, document.baseURI).href === link.href;
    });
    if (!entry) return [];
    const title = document.createElement("strong");
    const text = document.createElement("p");
    title.textContent = entry.title;
    text.textContent = entry.text.slice(0, 240) + "…";
    return [title, text];
  }

  // What stands for a place: a footnote's text, a heading with its first paragraph, or all of it.
  function parts(target) {
    if (target.matches("li")) return [...target.children];
    return /^H\d$/.test(target.tagName) ? opening(target) : [target];
  }

  function opening(heading) {
    let next = heading.nextElementSibling;
    while (next && !/^H\d$/.test(next.tagName)) {
      const paragraph = next.matches("p") ? next : next.querySelector("p");
      if (paragraph) return [heading, paragraph];
      next = next.nextElementSibling;
    }
    return [heading];
  }

  function copy(element) {
    const made = element.cloneNode(true);
    [made, ...made.querySelectorAll("*")].forEach(function (part) {
      const unfit = part.matches("a") ? ["href"] : []; // a preview is only looked at
      ["id", "tabindex", "role", ...unfit].forEach(function (name) { part.removeAttribute(name); });
    });
    if (!/^H\d$/.test(made.tagName)) return made;
    const title = document.createElement("strong"); // a second heading would confuse the outline
    title.append(...made.childNodes);
    return title;
  }

  function show(link) {
    const found = content(link);
    hide();
    if (!found.length) return;
    box.replaceChildren(...found);
    box.hidden = false;
    shown = link;
    link.setAttribute("aria-describedby", box.id);
    const place = link.getBoundingClientRect();
    const left = Math.min(place.left, document.documentElement.clientWidth - box.offsetWidth - GAP);
    const fits = place.bottom + GAP + box.offsetHeight < innerHeight;
    const top = fits ? place.bottom + GAP : Math.max(GAP, place.top - GAP - box.offsetHeight);
    box.style.left = Math.max(GAP, left) + scrollX + "px";
    box.style.top = top + scrollY + "px";
  }

  function hide() {
    clearTimeout(timer);
    box.hidden = true;
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
  }

  document.addEventListener("pointerover", function (event) {
    const link = reference(event);
    if (event.pointerType !== "mouse" || box.contains(event.target) || (shown && link === shown)) {
      clearTimeout(timer);
    } else if (link) {
      clearTimeout(timer);
      timer = setTimeout(show, WAIT, link);
    } else {
      clearTimeout(timer);
      timer = setTimeout(hide, WAIT);
    }
  });
  document.addEventListener("focusin", function (event) {
    const link = reference(event);
    if (link && link.matches(":focus-visible")) show(link);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("click", function (event) { if (!box.contains(event.target)) hide(); });
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") hide(); });
})();
