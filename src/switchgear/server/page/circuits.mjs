// Owns /circuits: the board, the details of the circuit that is open, and the controls, put together.
import { useEffect, useState } from "preact/hooks";
import { CircuitPanel } from "./circuit_panel.mjs";
import { CircuitsTable } from "./circuits_table.mjs";
import { holdsBack, isSame, keyOf, placeOf, timeOf } from "./circuits_words.mjs";
import { foothold } from "./foothold.mjs";
import { clock, span } from "./format.mjs";
import { Turning } from "./hold.mjs";
import { html } from "./html.mjs";
import { useKeys } from "./keys.mjs";
import { Legend } from "./limits.mjs";
import { Mark } from "./marks.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { go } from "./route.mjs";

const NOW_MS = 1_000;
const PAST_MS = 10_000;

/** Holds on patterns: those on one circuit alone are told in its row. */
function Holds({ holds, nowMs, onTurn }) {
  const wild = holds.filter((one) => [one.exchange, one.method].some((part) => /[*?]/.test(part)));
  if (!wild.length) return null;
  return html`<section class="halts holds" role="status" aria-label="Holds on patterns"><ul>
    ${wild.map((one) => html`<li key=${keyOf(one)} data-state=${one.state}>
      <${Mark} name=${one.state} />
      <p><strong>${placeOf(one)}</strong>, what comes later too,
        ${one.until_ms === null ? " until released" : ` until ${timeOf(one.until_ms, nowMs)}`}, by <b>${one.by}</b>: ${one.why}</p>
      ${onTurn && html`<button onClick=${() => onTurn("release", one)}>Release…</button>`}
    </li>`)}
  </ul></section>`;
}

function move(step) {
  const links = [...document.querySelectorAll(".board [data-scope] .method a")];
  const focused = links.indexOf(document.activeElement);
  const at = focused < 0 ? links.findIndex((link) => link.ariaCurrent === "true") : focused;
  links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

/** What is asked for now and then: the past when something moved, and which holds are on. */
function useRest(circuits, again) {
  const moved = circuits.map((one) => `${one.state}${one.openings}`).join();
  const history = usePolled("circuits/history", PAST_MS, moved + again).answer;
  const holds = usePolled("circuits/holds", PAST_MS, moved + again).answer;
  const pasts = new Map((history?.circuits ?? []).map((one) => [keyOf(one), one]));
  return { history, holds, pasts };
}

function Empty({ error, answer }) {
  let text = html`<p>Loading…</p>`;
  if (error) text = html`<p class="problem">${error.message}</p>`;
  if (answer) text = html`<h2>No circuits yet</h2><p>Each exchange and method gets one with its first call.</p>`;
  return html`<div class="nothing" role="status">${text}</div>`;
}

/** What was done, for those who hear it too; how old this is, where it comes from a file; how far back the log reaches. */
function Said({ circuits, history, nowMs, said }) {
  const seen = Math.min(...circuits.map((circuit) => circuit.seen_ms ?? Infinity));
  const known = history?.known_since_ms;
  return html`<p class="summary said" role="status">${said}</p>
    <p class="summary">
      ${Number.isFinite(seen) && html`<span>As written down by the program ${span((nowMs - seen) / 1000)} ago or later.</span>`}
      ${known && html`<span>The log reaches back to ${clock(known).slice(0, 8)}.</span>`}
    </p>`;
}

export function Circuits({ filter, acts }) {
  const [again, setAgain] = useState(0);
  const [asked, setAsked] = useState(null);
  const [said, setSaid] = useState("");
  const { answer, error, atMs } = usePolled("circuits", NOW_MS, again);
  const age = useAge(atMs);
  const rest = useRest(answer?.circuits ?? [], again);
  const chosen = filter.exchange ? { account: "main", ...filter } : null;
  const open = answer?.circuits.find((one) => isSame(one, chosen)) ?? null;
  const onOpen = (place) => go("circuits", place ?? {}, { replace: true });
  const close = () => {
    document.querySelector('.board a[aria-current="true"]')?.focus();
    onOpen(null);
  };
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: close });
  useEffect(() => setSaid(""), [filter.exchange, filter.method, filter.account]);

  if (!answer?.circuits.length && !answer?.gates.length && !answer?.limits.length) {
    return html`<main class="circuits"><h1 class="unseen">Circuits</h1><${Empty} error=${error} answer=${answer} /></main>`;
  }
  const exchanges = [...new Set([...answer.circuits, ...answer.gates, ...answer.limits].map((one) => one.exchange))].sort();
  const holder = open?.held_back_by && answer.circuits.find((one) => one.exchange === open.exchange && holdsBack(one, open));
  const nowMs = answer.now_ms + age * 1000;
  const onTurn = acts && rest.holds?.controllable ? (turn, circuit) => setAsked({ turn, circuit, keepPlace: foothold() }) : null;
  const onDone = (text) => {
    setSaid(text);
    asked.keepPlace();
    setAgain((count) => count + 1);
  };
  return html`<main class="circuits">
    <h1 class="unseen">Circuits</h1>
    <${Holds} holds=${rest.holds?.holds ?? []} nowMs=${nowMs} onTurn=${onTurn} />
    <${Said} circuits=${answer.circuits} history=${rest.history} nowMs=${nowMs} said=${said} />
    <div class="split" data-open=${Boolean(open)}>
      <div class="list" tabindex="-1">
        <${CircuitsTable} answer=${answer} exchanges=${exchanges} board=${{ ...rest, open, onOpen, onTurn }} age=${age} nowMs=${nowMs} />
        <${Legend} limits=${answer.limits.length > 0} />
      </div>
      ${open && html`<${CircuitPanel}
        key=${keyOf(open)} circuit=${open} holder=${holder} gates=${answer.gates} past=${rest.pasts.get(keyOf(open))} history=${rest.history}
        age=${age} nowMs=${nowMs} controllable=${rest.holds?.controllable} onTurn=${onTurn} onClose=${close}
      />`}
    </div>
    <${Turning} asked=${asked} onClose=${() => setAsked(null)} onDone=${onDone} />
  </main>`;
}
