// Owns what a person does to circuits by hand: hold open, closed or at metrics only, release, reset; each says first what it will do.
import { useState } from "preact/hooks";
import { post } from "./api.mjs";
import { Asking, Wrong } from "./asking.mjs";
import { placeOf, timeOf } from "./circuits_words.mjs";
import { plural, span } from "./format.mjs";
import { html } from "./html.mjs";

/** Until when: its name, and seconds; null is until somebody releases it. */
const UNTIL = [
  ["10 min", 600],
  ["1 h", 3_600],
  ["until released", null],
];

/** What can hold calls back though this circuit does not. */
const still = (wide) => (wide ? "The circuits of its methods, and gates, can hold calls back still." : "What is wider, and gates, can hold calls back still.");

/** How a circuit is held: in what words, with which button, what is to be said of why, and what it will do. */
const HOLDS = {
  open: {
    as: "open",
    kind: "danger",
    hint: "What is wrong",
    will: (name, wide) => html`<p>No call of ${name} passes from then on: each is refused unsent${wide ? ", cancels and lookups of orders too. Only what asks after orders in doubt goes on" : ""}.</p>`,
  },
  closed: {
    as: "closed",
    kind: "go",
    hint: "Why it must pass",
    will: (name, wide) => html`<p>Every call of ${name} passes from then on, whatever fails: it does not open by itself. ${still(wide)}</p>`,
  },
  metrics_only: {
    as: "at metrics only",
    kind: "go",
    hint: "What is to be watched",
    will: (name, wide) => html`<p>Every call of ${name} passes from then on and is counted in the figures${wide ? " of its method" : ""}, and nothing opens here, whatever fails. Calls fare as when it is held closed; the mark says that it is only watched. ${still(wide)}</p>`,
  },
};

function Until({ forS, error, onChoice }) {
  const ends = forS === null ? "It stays so until somebody releases it." : `It ends by itself after ${span(forS)}, and the circuit goes on as it was before.`;
  return html`<fieldset class="choices">
    <legend>Until</legend>
    <div class="choices-row">
      ${UNTIL.map(([title, seconds]) => html`<label key=${title} class="choice">
        <input type="radio" name="until" checked=${forS === seconds} onChange=${() => onChoice(seconds)} />${title}
      </label>`)}
    </div>
    <p class="muted">${ends}</p>
    <${Wrong} name="for_s" error=${error} /><${Wrong} name="until" error=${error} />
  </fieldset>`;
}

const place = ({ exchange, method, account }) => ({ exchange, method, account });

/** Which circuits were turned, in words. */
function turned(circuit, { circuits, gates_opened: gates }) {
  const opened = gates.length ? ` ${plural(gates.length, "gate")} opened.` : "";
  return circuits.length === 1 ? `${opened}` : ` ${plural(circuits.length, "circuit")} in all.${opened}`;
}

export function HoldDialog({ circuit, state, onClose, onDone }) {
  const [forS, setForS] = useState(UNTIL[0][1]);
  const name = placeOf(circuit);
  const { as, kind, hint, will } = HOLDS[state];
  const act = async (said) => {
    const done = await post("circuits/hold", { ...place(circuit), state, ...(forS === null ? {} : { for_s: forS }), ...said });
    const until = done.until_ms === null ? "until released" : `until ${timeOf(done.until_ms, done.until_ms - forS * 1000)}`;
    onDone(`Held ${as}, ${until}: ${name}.${turned(circuit, done)}`);
  };
  return html`<${Asking}
    title=${`Hold ${name} ${as}?`} act=${act} onClose=${onClose} fields=${["for_s", "until"]}
    hint=${hint} button=${{ text: `Hold ${as}`, kind }}
  >${(error) => html`${will(name, circuit.method.startsWith("@"))}<${Until} forS=${forS} error=${error} onChoice=${setForS} />`}<//>`;
}

export function ReleaseDialog({ circuit, onClose, onDone }) {
  const name = placeOf(circuit);
  const act = async (said) => onDone(`Released: ${name}.${turned(circuit, await post("circuits/release", { ...place(circuit), ...said }))}`);
  return html`<${Asking}
    title=${`Release ${name}?`} act=${act} onClose=${onClose} hint="What is mended" button=${{ text: "Release", kind: "go" }}
  ><p>${circuit.by ? html`The hold of <b>${circuit.by}</b> ends now, and it` : "The hold ends now, and it"} goes on as it was before.</p><//>`;
}

export function ResetDialog({ circuit, onClose, onDone }) {
  const name = placeOf(circuit);
  const act = async (said) => onDone(`Reset, closed and counting anew: ${name}.${turned(circuit, await post("circuits/reset", { ...place(circuit), ...said }))}`);
  const gates = circuit.method.startsWith("@") ? "Gates of the same scope open." : "Gates stay as they are.";
  return html`<${Asking}
    title=${`Reset ${name}?`} act=${act} onClose=${onClose} hint="What is mended" button=${{ text: "Reset", kind: "danger" }}
  ><p>It closes, its calls pass at once, and it forgets what it has counted; a hold on it ends. ${gates}</p><//>`;
}

/** The dialog that is open: `{turn, circuit}`, turn one of open, closed, metrics_only, release, reset. */
export function Turning({ asked, onClose, onDone }) {
  if (!asked) return null;
  const given = { circuit: asked.circuit, onClose, onDone };
  if (asked.turn === "release") return html`<${ReleaseDialog} ...${given} />`;
  if (asked.turn === "reset") return html`<${ResetDialog} ...${given} />`;
  return html`<${HoldDialog} state=${asked.turn} ...${given} />`;
}
