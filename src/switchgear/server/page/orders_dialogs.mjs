// Owns what a person does by hand about orders: halt, let go, abandon; each asks who and why first.
import { useEffect, useState } from "preact/hooks";
import { get, post } from "./api.mjs";
import { Asking } from "./asking.mjs";
import { html } from "./html.mjs";
import { placeWords, sentence } from "./orders_words.mjs";

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
