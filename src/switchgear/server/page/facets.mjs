// Owns the rail of facets: how many records have which value, each a click away from being the filter.
import { useState } from "preact/hooks";
import { methodName, whole, words } from "./format.mjs";
import { html } from "./html.mjs";
import { FACETS, LEVELS } from "./logs_filter.mjs";
import { Mark } from "./marks.mjs";

const FEW = 8;
const TITLES = { level: "Level, at least", kind: "Kind of error", event: "What happened" };
const SHUT = new Set(["scope", "event"]);

function shown(field, value) {
  if (field === "level") return html`<${Mark} name=${value} />`;
  if (field === "method") return methodName(value, "");
  return field === "event" || field === "kind" || field === "outcome" ? words(value) : value;
}

function Value({ field, value, count, most, active, within, place }) {
  const flip = () => place.narrow(field, active ? "" : value);
  return html`<li>
    <button
      class="facet-value" aria-pressed=${active} data-within=${within} data-level=${field === "level" ? value : null}
      style=${{ "--share": count / most }} onClick=${flip}
    >
      <span class="facet-name">${shown(field, value)}</span>
      <span class="facet-count">${whole(count)}</span>
    </button>
  </li>`;
}

/** Levels by how bad they are, the worst first; what is filtered by is there even when nothing has it. */
function valuesOf(field, values, chosen) {
  const all = chosen && !values.some((one) => one.value === chosen) ? [...values, { value: chosen, count: 0 }] : values;
  if (field !== "level") return all;
  return [...all].sort((one, other) => LEVELS.indexOf(other.value) - LEVELS.indexOf(one.value));
}

function Facet({ field, values, place }) {
  const chosen = place.filter[field];
  const all = valuesOf(field, values, chosen);
  const [open, setOpen] = useState(!SHUT.has(field) || Boolean(chosen));
  const [every, setEvery] = useState(false);
  if (!all.length) return null;
  const listed = every ? all : all.filter((one, index) => index < FEW || one.value === chosen);
  const most = Math.max(1, ...all.map((one) => one.count));
  const low = field === "level" && chosen ? LEVELS.indexOf(chosen) : -1;
  return html`<section class="facet" aria-labelledby=${`facet-${field}`}>
    <h2 class="facet-title" id=${`facet-${field}`}><button class="facet-head" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <span class="facet-sign" aria-hidden="true">▸</span>${TITLES[field] ?? words(field)}
    </button></h2>
    ${open && html`<ul>
      ${listed.map(({ value, count }) => html`<${Value}
        key=${value} field=${field} value=${value} count=${count} most=${most} place=${place}
        active=${value === chosen} within=${low >= 0 && LEVELS.indexOf(value) > low}
      />`)}
    </ul>`}
    ${open && all.length > FEW && html`<button class="link facet-more" aria-expanded=${every} onClick=${() => setEvery(!every)}>
      ${every ? "Fewer" : `All ${all.length}`}
    </button>`}
  </section>`;
}

/** `fresh`: the counts are of this filter, not of the one before it. */
export function Facets({ place, overview, fresh }) {
  if (!overview) {
    return html`<div class="facets-wait" aria-hidden="true">${Array.from({ length: 14 }, (_, at) => html`<i key=${at}></i>`)}</div>`;
  }
  const by = Object.fromEntries(overview.facets.map((facet) => [facet.field, facet.values]));
  const none = FACETS.every((field) => !by[field]?.length && !place.filter[field]);
  return html`<div class="facets" data-fresh=${fresh}>
    ${none && html`<p class="muted facets-none">What records can be narrowed by stands here, with how many have it.</p>`}
    ${FACETS.map((field) => html`<${Facet} key=${field} field=${field} values=${by[field] ?? []} place=${place} />`)}
  </div>`;
}
