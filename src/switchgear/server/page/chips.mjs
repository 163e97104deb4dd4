// Owns the filters that hold, each as a chip that lifts it.
import { html } from "./html.mjs";
import { filterName, filterWords } from "./logs_filter.mjs";

export function Chips({ place }) {
  const active = Object.entries(place.filter);
  if (!active.length) return null;
  return html`<ul class="chips" aria-label="Filters that hold">
    ${active.map(([name, value]) => html`<li key=${name}>
      <button class="chip" onClick=${() => place.narrow(name, "")}>
        <span>${filterName(name)}</span> <b>${filterWords(name, value)}</b>
        <span class="chip-x" aria-hidden="true">✕</span><span class="unseen">, lift this filter</span>
      </button>
    </li>`)}
    ${active.length > 1 && html`<li><button class="link" onClick=${() => place.set({})}>Lift all</button></li>`}
  </ul>`;
}
