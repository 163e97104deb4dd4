// Owns what opens below a button and closes by itself: by Escape, by a click elsewhere, or when the focus goes on.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.mjs";

/** A button with what belongs to it; children is called with what closes it. */
export function Menu({ label, name, on = false, side = "right", children }) {
  const [open, setOpen] = useState(false);
  const room = useRef(null);
  const close = (back) => {
    setOpen(false);
    if (back === true) room.current.querySelector("button").focus();
  };
  // With what is drawn, not a moment after: the focus would be taken from where somebody went at once.
  useLayoutEffect(() => {
    if (!open) return undefined;
    room.current.querySelector(".menu-sheet :is(input, button, a, select):not(:disabled)")?.focus();
    const elsewhere = (event) => room.current.contains(event.target) || close();
    const pressed = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      close(true);
    };
    addEventListener("pointerdown", elsewhere);
    // Before the page's own keys: what is open above closes first, wherever the focus went meanwhile.
    addEventListener("keydown", pressed, true);
    return () => {
      removeEventListener("pointerdown", elsewhere);
      removeEventListener("keydown", pressed, true);
    };
  }, [open]);
  // Keys are of what is open here, and not of the page below it: arrows scroll, letters do nothing.
  const kept = (event) => !["Escape", "Tab"].includes(event.key) && !(event.ctrlKey || event.metaKey) && event.stopPropagation();
  const left = (event) => event.relatedTarget && !room.current.contains(event.relatedTarget) && close();
  return html`<div class="menu" data-side=${side} ref=${room} onFocusOut=${left}>
    <button aria-expanded=${open} aria-haspopup="true" data-on=${on} onClick=${() => setOpen(!open)}>
      ${label}<span class="menu-sign" aria-hidden="true">▾</span>
    </button>
    ${open && html`<div class="menu-sheet" tabindex="-1" role="group" aria-label=${name} onKeyDown=${kept}>${children(close)}</div>`}
  </div>`;
}
