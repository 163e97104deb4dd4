// Owns where the facets lie: a rail beside the records, and a drawer over them where there is no room.
import { useEffect, useRef } from "preact/hooks";
import { Facets } from "./facets.mjs";
import { html } from "./html.mjs";

export function Rail({ place, overview, fresh, open, onClose }) {
  const room = useRef(null);
  useEffect(() => {
    if (open) room.current.querySelector(".rail-close").focus();
  }, [open]);
  return html`
    ${open && html`<div class="rail-veil" onClick=${onClose}></div>`}
    <section class="rail" id="rail" data-open=${open} aria-label="Narrow by field" ref=${room}>
      <header class="rail-head"><h2>Filters</h2>
        <button class="quiet rail-close" aria-label="Close the filters" onClick=${onClose}>✕</button></header>
      <${Facets} place=${place} overview=${overview} fresh=${fresh} />
    </section>`;
}
