// Before the page is drawn: the remembered theme, else the system's.
(function () {
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch (error) { /* storage may be off */ }
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
