// Owns the keyboard: which key does what, and when a key is somebody else's.
import { useLayoutEffect, useRef } from "preact/hooks";

export const HELP = [
  ["/", "search"],
  ["j  k", "next, previous row"],
  ["Enter", "details of the row"],
  ["Esc", "close, or leave the search"],
  ["p", "pause or resume the live tail"],
  ["n", "show what is new"],
  ["o", "load older records"],
  ["f", "filters by field, where they are folded away"],
  ["h", "halt new orders"],
  ["a", "abandon the order that is shown"],
  ["s  l  c  m  r", "overview, logs, circuits, calls, orders"],
  ["t", "light or dark"],
  ["?", "this help"],
];

const TYPING = new Set(["INPUT", "SELECT", "TEXTAREA"]);

/** Run one of these by key; not while something is typed, a dialog is open, or the key belongs to the browser. */
export function useKeys(actions) {
  const current = useRef(actions);
  current.current = actions;
  // Before the page is painted: what is seen can be worked with.
  useLayoutEffect(() => {
    const pressed = (event) => {
      const action = current.current[event.key];
      if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]")) return;
      if (TYPING.has(event.target.tagName) && event.key !== "Escape") return;
      if (event.key.startsWith("Arrow") && event.target.closest("pre, [role=region], [role=slider]")) return;
      if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
      event.preventDefault();
      action(event);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
