// Sets the theme before anything is painted; a module would run too late and flash.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("switchgear-theme");
  } catch {
    chosen = null; // storage may be forbidden: the system's theme it is
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
