// Owns what a person does by hand about orders: halt, let go, abandon; each asks who and why first.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "./api.mjs";
import { html } from "./html.mjs";
import { placeWords, sentence } from "./orders_words.mjs";

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

/** A dialog that asks who and why, does it, and says what was wrong where it could not. */
function Asking({ title, act, button, hint, onClose, children }) {
  const dialog = useRef(null);
  const [by, setBy] = useState(lastBy);
  const [why, setWhy] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
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
  return html`<dialog ref=${dialog} class="dialog asking" aria-labelledby="asking-title" onClose=${onClose}>
    <h2 id="asking-title">${title}</h2>
    ${children}
    <form onSubmit=${confirmed}>
      <label class="field"><span>Who</span>
        <input name="by" maxlength=${BY_MAX} autocomplete="off" value=${by} onInput=${(event) => setBy(event.target.value)} />
      </label>
      <label class="field"><span>Why</span>
        <input name="why" maxlength=${WHY_MAX} autocomplete="off" placeholder=${hint} value=${why} onInput=${(event) => setWhy(event.target.value)} />
      </label>
      ${error && html`<p class="problem" role="alert">${error.message}</p>`}
      <div class="dialog-actions">
        <button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
        <button type="submit" class=${button.kind} disabled=${!ready || busy}>${button.text}</button>
      </div>
    </form>
  </dialog>`;
}

const EVERYWHERE = JSON.stringify({ exchange: "", account: "" });

export function TurnDialog({ on, place, onClose, onDone }) {
  const [chosen, setChosen] = useState(EVERYWHERE);
  const [places, setPlaces] = useState([]);
  useEffect(() => {
    // By name, never by its place in a list that may change while somebody chooses.
    get("orders/switch").then((answer) => setPlaces(answer.places.map((one) => JSON.stringify(one))), () => setPlaces([]));
  }, []);
  const which = place ?? JSON.parse(chosen);
  const act = async (said) => {
    const { exchange, account } = which;
    await post("orders/switch", { on, ...said, exchange, account });
    onDone(on ? `New orders of ${placeWords(which)} are halted.` : `New orders of ${placeWords(which)} may go again.`);
  };
  if (!on) {
    return html`<${Asking}
      title="Let new orders go again?" act=${act} onClose=${onClose} hint="What is mended"
      button=${{ text: "Let orders go", kind: "go" }}
    >
      <p>New orders of <b>${placeWords(which)}</b> are sent again from then on, in every program that uses this journal.</p>
    <//>`;
  }
  return html`<${Asking}
    title="Halt new orders?" act=${act} onClose=${onClose} hint="What is wrong"
    button=${{ text: "Halt new orders", kind: "danger" }}
  >
    <p>From then on every new order is refused unsent, in every program that uses this journal, until somebody lets them go. Cancels and lookups go on; what is open at the exchange stays open.</p>
    <label class="field"><span>Which orders</span>
      <select value=${chosen} onChange=${(event) => setChosen(event.target.value)}>
        ${[EVERYWHERE, ...places].map((one) => html`<option key=${one} value=${one}>${placeWords(JSON.parse(one))}</option>`)}
      </select>
    </label>
  <//>`;
}

export function AbandonDialog({ intent, onClose, onDone }) {
  const act = async (said) => {
    await post(`orders/${encodeURIComponent(intent.intent_id)}/abandon`, said);
    onDone(`The order ${intent.client_order_id} is abandoned.`);
  };
  return html`<${Asking}
    title="Abandon this order?" act=${act} onClose=${onClose} hint="What became of it, and how you know"
    button=${{ text: "Abandon", kind: "danger" }}
  >
    <ul class="clear-what">
      <li><b>${sentence(intent)}</b></li>
      <li>${placeWords(intent)}</li>
      <li class="doubt-name">${intent.client_order_id}</li>
    </ul>
    <p>Nobody looks after it any more. The exchange is told nothing: if the order is booked there, it stays. Do this when you have looked at the exchange, and know.</p>
  <//>`;
}
