// Owns clearing: first the count is shown, then exactly what was counted is removed, and who did it is written down.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "./api.mjs";
import { plural } from "./format.mjs";
import { html } from "./html.mjs";
import { filterName, filterWords } from "./logs_filter.mjs";

function What({ filter }) {
  const named = Object.entries(filter);
  if (!named.length) return html`<p>Every record in this log.</p>`;
  return html`<ul class="clear-what">
    ${named.map(([name, value]) => html`<li key=${name}>${filterName(name)} <b>${filterWords(name, value)}</b></li>`)}
  </ul>`;
}

export function ClearDialog({ filter, me, onClose, onCleared }) {
  const dialog = useRef(null);
  const [counted, setCounted] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const count = () => get("logs/count", filter).then(setCounted, setError);
  useEffect(() => {
    dialog.current.showModal();
    count();
  }, []);
  const clear = async () => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      const { cleared } = await post("logs/clear", { filter: counted.filter, confirm_count: counted.count });
      onCleared(cleared);
      dialog.current.close();
    } catch (problem) {
      setError(problem);
      setCounted(null);
      if (problem.status === 409) count();
    }
    setBusy(false);
  };
  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="clear-title" onClose=${onClose}>
    <h2 id="clear-title">Clear ${counted ? plural(counted.count, "record") : "records"}?</h2>
    <${What} filter=${filter} />
    <p class="muted">They cannot be brought back. What comes while you read this stays.</p>
    <p class="muted">That they were cleared is itself recorded${me?.name ? html`, as done by <b>${me.name}</b>` : ""}.</p>
    ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    <div class="dialog-actions">
      <button autofocus onClick=${() => dialog.current.close()}>Cancel</button>
      <button class="danger" disabled=${!counted || !counted.count || busy} onClick=${clear}>
        ${counted ? `Clear ${plural(counted.count, "record")}` : error ? "Not counted" : "Counting…"}
      </button>
    </div>
  </dialog>`;
}
