// Owns clearing: first the count is shown, then exactly what was counted is removed.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "./api.mjs";
import { plural, words } from "./format.mjs";
import { html } from "./html.mjs";

const SHOWN = { level: "level at least", since: "since", until: "until", text: "message holds" };

function What({ filter }) {
  const named = Object.entries(filter);
  if (!named.length) return html`<p>Every record in this log.</p>`;
  return html`<ul class="clear-what">
    ${named.map(([name, value]) => html`<li key=${name}>${SHOWN[name] ?? words(name)} <b>${value}</b></li>`)}
  </ul>`;
}

export function ClearDialog({ filter, onClose, onCleared }) {
  const dialog = useRef(null);
  const [counted, setCounted] = useState(null);
  const [error, setError] = useState(null);
  const count = () => get("logs/count", filter).then(setCounted, setError);
  useEffect(() => {
    dialog.current.showModal();
    count();
  }, []);
  const clear = async () => {
    try {
      const { cleared } = await post("logs/clear", { filter: counted.filter, confirm_count: counted.count });
      onCleared(cleared);
      dialog.current.close();
    } catch (problem) {
      setError(problem);
      setCounted(null);
      if (problem.status === 409) count();
    }
  };
  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="clear-title" onClose=${onClose}>
    <h2 id="clear-title">Clear ${counted ? plural(counted.count, "record") : "records"}?</h2>
    <${What} filter=${filter} />
    <p class="muted">They cannot be brought back. What comes while you read this stays.</p>
    ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    <div class="dialog-actions">
      <button autofocus onClick=${() => dialog.current.close()}>Cancel</button>
      <button class="danger" disabled=${!counted || !counted.count} onClick=${clear}>
        ${counted ? `Clear ${plural(counted.count, "record")}` : "Counting…"}
      </button>
    </div>
  </dialog>`;
}
