// Owns copying, and saying whether it went.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.mjs";

/** Buttons by title, each with what gives its text; `of` is what they are of: another one, and nothing is said any more. */
export function Copies({ texts, of }) {
  const [said, setSaid] = useState("");
  useEffect(() => setSaid(""), [of]);
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
    } catch {
      setSaid("The browser forbids it");
    }
  };
  const listed = Object.entries(texts).filter(([, text]) => text);
  return html`${listed.map(([title, text]) => html`<button key=${title} onClick=${() => copy(text)}>${title}</button>`)}
    <span class="muted" role="status">${said}</span>`;
}

export const jsonOf = (record) => JSON.stringify(record, null, 2);

export const Copy = ({ record }) =>
  html`<${Copies} texts=${{ "Copy as JSON": () => jsonOf(record) }} of=${record.id ?? record.intent_id} />`;
