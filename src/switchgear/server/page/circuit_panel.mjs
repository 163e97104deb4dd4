// Owns the details of one circuit: why, the controls, what became of its calls, durations over time, its spells.
import { useEffect, useRef } from "preact/hooks";
import { behind, callsOf, HELD, heldWords, nameOf, nextOf, PASSING_BY_HAND, placeOf, whyOf, windowWords } from "./circuits_words.mjs";
import { Gates } from "./circuits_table.mjs";
import { Durations } from "./durations.mjs";
import { clock, iso, millis, plural, share, span, stamp, whole, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { follow, hrefOf } from "./route.mjs";

const SPELLS_SHOWN = 12;

function Link({ filter, children }) {
  return html`<a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)}>${children}</a>`;
}

function Controls({ circuit, controllable, onTurn }) {
  if (!onTurn) {
    const why = controllable === false ? "This page reads a file: circuits are turned where the program runs." : "Circuits are turned by operators.";
    return html`<p class="muted">${why}</p>`;
  }
  const turn = (name) => () => onTurn(name, circuit);
  return html`<div class="controls" role="group" aria-label="Turn by hand">
    ${circuit.state !== "forced_open" && html`<button onClick=${turn("open")}>Hold open…</button>`}
    ${circuit.state !== "forced_closed" && html`<button onClick=${turn("closed")}>Hold closed…</button>`}
    ${circuit.state !== "metrics_only" && html`<button onClick=${turn("metrics_only")}>Metrics only…</button>`}
    ${HELD.has(circuit.state) && html`<button onClick=${turn("release")}>Release…</button>`}
    <button onClick=${turn("reset")}>Reset…</button>
  </div>`;
}

function facts(circuit) {
  const { counts } = circuit;
  const ended = counts.success_calls + counts.failed_calls;
  const own = circuit.scope === "method" && [
    ["success", ended ? `${share(counts.success_rate)} of ${plural(ended, "call")}` : "no call ended yet"],
    ["failed", `${whole(counts.failed_calls)}, ${plural(counts.retried_attempts, "attempt")} retried`],
    ["not made", `${whole(counts.rejected_calls)} rejected, ${whole(counts.fallback_calls)} served from elsewhere`],
    ["duration", counts.success_calls ? `p50 ${millis(counts.p50_ms)} ms, p95 ${millis(counts.p95_ms)} ms, p99 ${millis(counts.p99_ms)} ms` : ""],
    ["last error", counts.last_error && `${counts.last_error_at_ms ? `${stamp(counts.last_error_at_ms).slice(0, 19)}: ` : ""}${counts.last_error}`],
  ];
  const opens = circuit.failure_threshold === null ? "by its rates alone" : `after ${plural(circuit.failure_threshold, "failure")} in a row`;
  return [
    ["exchange", circuit.exchange],
    ["account", circuit.method.startsWith("@") ? "" : circuit.account],
    ...(own || []),
    ["window", circuit.window && windowWords(circuit.window).replace("in its window: ", "")],
    ["opens", circuit.reset_timeout_s === null ? "" : `${opens}, for ${span(circuit.reset_timeout_s)}`],
    ["opened", `${plural(circuit.openings, "time")} since it exists`],
  ].filter(([, value]) => value);
}

function Facts({ circuit }) {
  return html`<dl class="fields">
    ${facts(circuit).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

function Spell({ spell, circuit, nowMs }) {
  const ended = spell.closed_ms ?? nowMs;
  const filter = { ...callsOf(circuit), since: spell.opened_ms, until: spell.closed_ms };
  const lasted = spell.opened_ms === null ? "began before the log does" : span(Math.max(1, (ended - spell.opened_ms) / 1000));
  return html`<li>
    <span class="move-head"><${Mark} name=${spell.state} />
      <b>${spell.opened_ms === null ? "earlier" : html`<time datetime=${iso(spell.opened_ms)} title=${stamp(spell.opened_ms)}>${clock(spell.opened_ms).slice(0, 8)}</time>`}</b>
      <span class="muted">${lasted}${spell.closed_ms === null ? ", lasting" : ""}${spell.openings > 1 ? `, opened ${spell.openings} times` : ""}</span></span>
    ${spell.why && html`<span class="move-text">${spell.by && html`<b>${spell.by}</b>: `}${spell.why}</span>`}
    ${spell.opened_ms !== null && html`<${Link} filter=${filter}>Its calls in the log<//>`}
  </li>`;
}

function Spells({ circuit, past, history, nowMs }) {
  if (!past) return null;
  const shown = past.spells.slice(0, SPELLS_SHOWN);
  const known = history.day_known_since_ms;
  return html`<section aria-label="Spells"><h3>Open or held, in the last day</h3>
    <p class="muted">${past.openings ? `Opened by itself ${plural(past.openings, "time")}.` : "It did not open by itself."}${known ? ` The log reaches back to ${stamp(known).slice(0, 16)}.` : ""}</p>
    ${shown.length > 0 && html`<ol class="moves">
      ${shown.map((spell) => html`<${Spell} key=${spell.record_id ?? 0} spell=${spell} circuit=${circuit} nowMs=${nowMs} />`)}
    </ol>`}
    ${past.spells.length > shown.length && html`<p class="muted">and ${whole(past.spells.length - shown.length)} before</p>`}
  </section>`;
}

/** What else its calls must pass: what is wider and holds some back, and gates that are closed. */
function Before({ circuit, holder, gates, age }) {
  const own = gates.filter((gate) => gate.exchange === circuit.exchange && (gate.scope !== "account" || gate.account === circuit.account));
  if (!circuit.held_back_by && !own.length) return null;
  return html`<p class="before">${circuit.held_back_by && html`<span class="held">${heldWords(circuit, holder)}</span>`}<${Gates} gates=${own} age=${age} /></p>`;
}

export function CircuitPanel({ circuit, holder, gates, past, history, age, nowMs, controllable, onTurn, onClose }) {
  const room = useRef(null);
  useEffect(() => {
    document.querySelector('.board [data-open="true"]')?.scrollIntoView({ block: "nearest" });
    // Who came from the board goes on here; who came by an address has not chosen a place yet.
    if (document.activeElement?.closest(".board")) room.current.focus({ preventScroll: true });
  }, []);
  const next = nextOf(circuit, age, nowMs);
  const since = `${words(circuit.state)} for ${span((nowMs - circuit.since_ms) / 1000)}`;
  return html`<aside ref=${room} class="panel circuit" tabindex="-1" aria-label="Details of the circuit">
    <header>
      <${Mark} name=${circuit.state} /><h2>${nameOf(circuit)} <span>${behind(circuit)}</span></h2>
      <button class="quiet" onClick=${onClose} aria-label="Close the details">✕</button>
    </header>
    <p class="panel-message">${[whyOf(circuit), next?.words, since].filter(Boolean).join("; ")}.</p>
    <${Before} circuit=${circuit} holder=${holder} gates=${gates} age=${age} />
    ${PASSING_BY_HAND.has(circuit.state) && html`<p class="muted">Every call passes it and is counted in the figures ${circuit.scope === "method" ? "below" : "of its method"}; it opens for no failure.</p>`}
    <${Controls} circuit=${circuit} controllable=${controllable} onTurn=${onTurn} />
    ${circuit.scope === "method" && html`<${Durations} circuit=${circuit} />`}
    <${Spells} circuit=${circuit} past=${past} history=${history} nowMs=${nowMs} />
    <section aria-label="Figures"><h3>So far</h3><${Facts} circuit=${circuit} /></section>
    <p><${Link} filter=${callsOf(circuit)}>All records of ${placeOf(circuit)}<//></p>
  </aside>`;
}
