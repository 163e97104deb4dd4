// Owns who looks at the pages: their name in the head, what they may do, and signing out.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "./api.mjs";
import { html } from "./html.mjs";

const NOBODY_IN_PARTICULAR = ["local", "external"];
const MAY = { viewer: "may look", operator: "may look and act" };

/** Who asks, once it is known; null until then. */
export function useMe() {
  const [me, setMe] = useState(null);
  useEffect(() => {
    get("me").then(setMe, () => setMe(null));
  }, []);
  return me;
}

/** The name of who asks, where it tells one person from another; empty otherwise. */
export const myName = (me) => (me && !NOBODY_IN_PARTICULAR.includes(me.name) ? me.name : "");

/** Whether somebody may change things; the server decides, this only spares them a refusal. */
export function mayAct(me) {
  return me?.role === "operator";
}

function MeDialog({ me, onClose }) {
  const dialog = useRef(null);
  const [error, setError] = useState(null);
  useEffect(() => dialog.current.showModal(), []);
  const signOut = () => post("logout", {}).then(() => location.assign("login"), setError);
  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="me-title" onClose=${onClose}>
    <h2 id="me-title">${me.name}</h2>
    <p>${me.role}: ${MAY[me.role]}.</p>
    ${!me.login && html`<p class="muted">Who this is was said by the application around these pages.</p>`}
    ${error && html`<p class="problem" role="alert">Not signed out: ${error.message}</p>`}
    <div class="dialog-actions">
      ${me.login && html`<button onClick=${signOut}>Sign out</button>`}
      <button autofocus onClick=${() => dialog.current.close()}>Close</button>
    </div>
  </dialog>`;
}

export function Me({ me }) {
  const [open, setOpen] = useState(false);
  if (!me || NOBODY_IN_PARTICULAR.includes(me.name)) return null;
  return html`
    <button class="me" onClick=${() => setOpen(true)} aria-haspopup="dialog" aria-label=${`${me.name}, ${me.role}`}>
      <span class="me-letter" aria-hidden="true">${[...me.name][0].toUpperCase()}</span>
      <span class="me-name" aria-hidden="true">${me.name}</span>
    </button>
    ${open && html`<${MeDialog} me=${me} onClose=${() => setOpen(false)} />`}
  `;
}
