// Owns signing in: a token, typed or behind the # of a link, is swapped for a cookie, and one goes on to the page.
import { post } from "./api.mjs";

const form = document.getElementById("login");
const field = document.getElementById("token");
const problem = document.getElementById("login-problem");
const button = form.querySelector("button");

const WORDS = {
  401: "Nobody has this token, or its link was used already.",
  429: "Too many wrong tokens came from here. Wait a minute, then try again.",
};

/** Where one wanted to be: one word of ours with its filter, whatever else the address says. */
function following() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  const isOurs = /^([a-z][a-z-]*)?(\?[^#\\]*)?$/.test(next) && !/^login\b/.test(next);
  return `./${isOurs ? next : ""}`;
}

function say(text) {
  problem.textContent = text;
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

async function signIn(token) {
  say("");
  button.disabled = true;
  try {
    await post("login", { token });
    location.replace(following());
  } catch (error) {
    button.disabled = false;
    say(WORDS[error.status] ?? error.message);
    field.select();
    field.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const token = field.value.trim();
  if (token) signIn(token);
  else say("Type or paste a token.");
});

/** The token of a link leaves the address at once: it is of no more use there. */
function useLink() {
  if (location.hash.length < 2) return;
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  signIn(token);
}

addEventListener("hashchange", useLink);
useLink();
