// Owns the choice between light and dark; boot.js applies it before the first paint.

const STORED = "switchgear-theme";

export function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

export function toggleTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(STORED, next);
  } catch {
    console.info("the theme is not kept: this browser forbids storage");
  }
  return next;
}
