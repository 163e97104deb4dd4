// Owns one record by its id, and its neighbours whatever they are of: for an address that names it.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { html } from "./html.mjs";

export const EACH_SIDE = 25;
const EACH_SIDE_MAX = 200;

/** Records around an id, newest first; nothing is asked for without an id. */
export function useNear(id, eachSide) {
  const [near, setNear] = useState({ id: null, records: [], error: null });
  useEffect(() => {
    if (!id) return undefined;
    const ended = new AbortController();
    get(`logs/around/${encodeURIComponent(id)}`, { each_side: eachSide }, ended.signal)
      .then(({ records }) => setNear({ id, records, error: null }))
      .catch((error) => ended.signal.aborted || setNear({ id, records: [], error }));
    return () => ended.abort();
  }, [id, eachSide]);
  return near.id === id ? near : { id, records: [], error: null };
}

/** The record that the address opens: of those shown, else asked for. */
export function useOpened(id, records) {
  const shown = id ? records.find((record) => String(record.id) === id) : null;
  const [seen, setSeen] = useState(null);
  const known = shown ?? (seen && String(seen.id) === id ? seen : null);
  const near = useNear(known ? null : id, 0);
  const found = known ?? near.records.find((record) => String(record.id) === id) ?? null;
  useEffect(() => {
    // A row that new ones push out of the table stays open.
    if (found) setSeen(found);
  }, [found]);
  return { record: found, error: near.error };
}

export function InContext({ id, eachSide, onMore, place }) {
  const back = () => place.show({ around: "" });
  const filtered = Object.keys(place.filter).length > 0;
  return html`<div class="notice in-context">
    <span>In context: what happened around record ${id}, whatever it is of.</span>
    <button onClick=${back}>Back to ${filtered ? "the filter" : "the log"}</button>
    ${eachSide < EACH_SIDE_MAX && html`<button onClick=${() => onMore(Math.min(EACH_SIDE_MAX, eachSide * 2))}>More on each side</button>`}
  </div>`;
}
