// Owns what a browser remembers of a person's choices; where it forbids storage, they last as long as the page.

const here = new Map();

export function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? here.get(name) ?? otherwise;
  } catch {
    return here.get(name) ?? otherwise; // no storage, or somebody wrote there what is not ours
  }
}

/** Whether it outlasts the page. */
export function keep(name, value) {
  here.set(name, value);
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
