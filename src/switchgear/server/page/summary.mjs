// Owns the line that says how much is shown of how much, and says aloud what is new, but not each record of a flood.
import { useEffect, useRef, useState } from "preact/hooks";
import { plural, whole } from "./format.mjs";
import { html } from "./html.mjs";

const ALOUD_MS = 10_000;

function total(overview, fresh, failed) {
  if (!overview || !fresh) return failed ? "Not counted: the server does not answer" : "Counting…";
  const counted = overview.total ? plural(overview.total, "record matches", "records match") : "No record matches";
  return overview.looked_at ? `${counted}, or more` : counted;
}

/** For screen readers: the count of a new filter at once, what comes live at most every ten seconds. */
function Aloud({ text, come, settled }) {
  const [said, setSaid] = useState("");
  const told = useRef({ come: 0, atMs: 0 });
  useEffect(() => {
    if (settled) setSaid(text);
    told.current = { come, atMs: performance.now() };
  }, [settled]);
  useEffect(() => {
    if (come === told.current.come) return undefined;
    const timer = setTimeout(() => {
      setSaid(`${plural(come - told.current.come, "new record")}, ${text}`);
      told.current = { come, atMs: performance.now() };
    }, Math.max(1_000, told.current.atMs + ALOUD_MS - performance.now()));
    return () => clearTimeout(timer);
  }, [come]);
  return html`<span class="unseen" role="status">${said}</span>`;
}

export function Summary({ state, overview, fresh, failed, placeKey, said, children }) {
  const text = total(overview, fresh, failed);
  const shown = state.records.length;
  const part = fresh && overview && shown < overview.total ? `, newest ${whole(shown)} shown` : "";
  return html`<div class="summary">
    ${said && html`<b role="status">${said}</b>`}
    <span>${text}${part}</span>
    <${Aloud} text=${text} come=${state.come} settled=${fresh ? placeKey : ""} />
    ${children}
  </div>`;
}
