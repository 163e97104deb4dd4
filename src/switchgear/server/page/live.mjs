// Owns the button of the live tail: how it stands, and pausing it.
import { html } from "./html.mjs";

const TAILS = { off: "Not live", connecting: "Connecting…", open: "Live", lost: "Offline" };

export function LiveButton({ tail, paused, onToggle }) {
  const on = tail !== "off";
  const why = on ? "Pause or resume (p)" : "Live is off: what is shown has an end";
  return html`<button
    class="live" data-tail=${paused && on ? "paused" : tail} aria-pressed=${paused && on} disabled=${!on} title=${why} onClick=${onToggle}
  ><span class="live-dot" aria-hidden="true"></span>${paused && on ? "Paused" : TAILS[tail]}</button>`;
}
