// Owns the dialog that asks who and why before something is done by hand, and says at the field what was wrong.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.mjs";
import { myName, useMe } from "./me.mjs";

const STORED = "switchgear-by";
const BY_MAX = 100;
const WHY_MAX = 500;

function lastBy() {
  try {
    return localStorage.getItem(STORED) ?? "";
  } catch {
    return ""; // storage may be forbidden: who is typed again then
  }
}

function keepBy(by) {
  try {
    localStorage.setItem(STORED, by);
  } catch {
    console.info("who acts is not kept: this browser forbids storage");
  }
}

/** What was wrong with a field, below it. */
export const Wrong = ({ name, error }) =>
  error?.field === name ? html`<span class="problem field-problem" id=${`wrong-${name}`} role="alert">${error.message}</span>` : null;

function Line({ name, title, max, hint, value, error, onValue }) {
  const wrong = error?.field === name;
  return html`<label class="field"><span>${title}</span>
    <input
      name=${name} maxlength=${max} autocomplete="off" placeholder=${hint} value=${value}
      aria-invalid=${wrong} aria-describedby=${wrong ? `wrong-${name}` : null} onInput=${(event) => onValue(event.target.value)}
    />
    <${Wrong} name=${name} error=${error} />
  </label>`;
}

/** A dialog that asks who and why, does it, and says what was wrong where it could not; children may be told the error. */
export function Asking({ title, act, button, hint, onClose, fields = [], children }) {
  const dialog = useRef(null);
  const [by, setBy] = useState(lastBy);
  const [why, setWhy] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const mine = myName(useMe());
  useEffect(() => {
    if (mine) setBy((typed) => typed || mine);
  }, [mine]);
  useEffect(() => {
    dialog.current.showModal();
    dialog.current.querySelector(by ? "input[name=why]" : "input[name=by]").focus();
  }, []);
  const confirmed = async (event) => {
    event.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    keepBy(by.trim());
    try {
      await act({ by: by.trim(), why: why.trim() });
      dialog.current.close();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const ready = by.trim() && why.trim();
  const atField = ["by", "why", ...fields].includes(error?.field);
  return html`<dialog ref=${dialog} class="dialog asking" aria-labelledby="asking-title" onClose=${onClose}>
    <h2 id="asking-title">${title}</h2>
    ${typeof children === "function" ? children(error) : children}
    <form onSubmit=${confirmed}>
      <${Line} name="by" title="Who" max=${BY_MAX} value=${by} error=${error} onValue=${setBy} />
      <${Line} name="why" title="Why" max=${WHY_MAX} hint=${hint} value=${why} error=${error} onValue=${setWhy} />
      ${error && !atField && html`<p class="problem" role="alert">${error.message}</p>`}
      <div class="dialog-actions">
        <button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
        <button type="submit" class=${button.kind} disabled=${!ready || busy}>${button.text}</button>
      </div>
    </form>
  </dialog>`;
}
