// Owns the field for words: what is typed becomes part of the address a moment later.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.mjs";

const TYPED_MS = 250;

export function Search({ place }) {
  const given = place.filter.text ?? "";
  const [typed, setTyped] = useState(given);
  const told = useRef(given);
  useEffect(() => {
    // What this field itself put there must not undo what was typed since.
    if (given !== told.current) setTyped(given);
    told.current = given;
  }, [given]);
  useEffect(() => {
    if (typed.trim() === given) return undefined;
    const timer = setTimeout(() => {
      told.current = typed.trim();
      place.narrow("text", typed.trim(), { replace: true });
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, place.key]);
  return html`<label class="search">
    <span class="unseen">Words that the record has</span>
    <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5" /><path d="m10.5 10.5 4 4" /></svg>
    <input
      id="search" type="search" maxlength="200" placeholder="Search words: reset, create_order, 429" autocomplete="off"
      spellcheck="false" value=${typed} onInput=${(event) => setTyped(event.target.value)}
    />
    <kbd aria-hidden="true">/</kbd>
  </label>`;
}
