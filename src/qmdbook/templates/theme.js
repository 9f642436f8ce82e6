// Before the page is drawn: the remembered theme; without one the page follows the system.
(function () {
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch (error) { /* storage may be off */ }
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
})();
