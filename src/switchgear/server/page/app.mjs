// Owns the frame of all pages: head, banner, help and theme; each page owns what is below.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Banner } from "./banner.mjs";
import { Calls } from "./calls.mjs";
import { Circuits } from "./circuits.mjs";
import { whole } from "./format.mjs";
import { Home } from "./home.mjs";
import { html } from "./html.mjs";
import { HELP, useKeys } from "./keys.mjs";
import { Logs } from "./logs.mjs";
import { Me, mayAct, useMe } from "./me.mjs";
import { PAGE_KEYS, Tabs, TITLES } from "./nav.mjs";
import { Orders } from "./orders.mjs";
import { usePolled } from "./polled.mjs";
import { follow, hrefOf, useRoute } from "./route.mjs";
import { theme, toggleTheme } from "./theme.mjs";

function Source({ status }) {
  if (!status) return null;
  const gone = status.dropped + status.dropped_warnings + status.lost;
  const where = status.source === "history" ? `reading ${status.name}` : `this program, ${status.name}`;
  const why =
    `${whole(status.dropped)} below warning and ${whole(status.dropped_warnings)} from warning on came too fast ` +
    `and were dropped; ${whole(status.lost)} could not be written`;
  return html`<span class="source">
    <span class="source-name">${where}</span>
    ${gone > 0 && html`<span class="source-gone" title=${why}>${whole(gone)} records missing</span>`}
  </span>`;
}

function Help({ onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="help-title" onClose=${onClose}>
    <h2 id="help-title">Keys</h2>
    <dl class="keys">
      ${HELP.map(([key, what]) => html`<div key=${key}>
        <dt>${key.split("  ").map((one) => html`<kbd key=${one}>${one}</kbd>`)}</dt><dd>${what}</dd>
      </div>`)}
    </dl>
    <form method="dialog" class="dialog-actions"><button autofocus>Close</button></form>
  </dialog>`;
}

function App() {
  const { page, filter } = useRoute();
  const [help, setHelp] = useState(false);
  const [look, setLook] = useState(theme);
  const status = usePolled("status", 5_000).answer;
  const me = useMe();
  const flip = () => setLook(toggleTheme());
  useKeys({ "?": () => setHelp(true), t: flip, ...PAGE_KEYS });
  useEffect(() => {
    document.title = `${TITLES[page]} · switchgear`;
  }, [page]);
  const next = look === "dark" ? "light" : "dark";
  return html`
    <header class="head">
      <a class="brand" href=${hrefOf("overview")} onClick=${(event) => follow(event, "overview")}>
        <img src="static/icon.svg" alt="" width="20" height="20" />switchgear
      </a>
      <${Tabs} page=${page} />
      <${Source} status=${status} />
      <${Me} me=${me} />
      <button class="quiet" onClick=${flip} aria-label=${`Use the ${next} theme`}>${look === "dark" ? "☀" : "☾"}</button>
      <button class="quiet" onClick=${() => setHelp(true)} aria-label="Keys">?</button>
    </header>
    ${page === "overview" ? html`<${Home} status=${status} />` : html`<${Banner} />`}
    ${page === "api-logs" && html`<${Logs} filter=${filter} status=${status} me=${me} writable=${(status?.writable ?? false) && mayAct(me)} />`}
    ${page === "circuits" && html`<${Circuits} filter=${filter} acts=${mayAct(me)} />`}
    ${page === "calls" && html`<${Calls} filter=${filter} />`}
    ${page === "orders" && html`<${Orders} filter=${filter} />`}
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  `;
}

render(html`<${App} />`, document.getElementById("app"));
