// Owns the frame of all pages: head, banner, help and theme; each page owns what is below.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Banner } from "./banner.mjs";
import { Circuits } from "./circuits.mjs";
import { whole } from "./format.mjs";
import { html } from "./html.mjs";
import { HELP, useKeys } from "./keys.mjs";
import { Logs } from "./logs.mjs";
import { Orders } from "./orders.mjs";
import { usePolled } from "./polled.mjs";
import { follow, go, hrefOf, useRoute } from "./route.mjs";
import { theme, toggleTheme } from "./theme.mjs";

const TITLES = { "api-logs": "Logs", circuits: "Circuits", orders: "Orders" };

function Tabs({ page }) {
  return html`<nav aria-label="Pages">
    ${Object.entries(TITLES).map(
      ([name, title]) => html`<a
        key=${name}
        href=${hrefOf(name)}
        aria-current=${name === page ? "page" : null}
        onClick=${(event) => follow(event, name)}
      >${title}</a>`,
    )}
  </nav>`;
}

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
  const flip = () => setLook(toggleTheme());
  useKeys({ "?": () => setHelp(true), t: flip, l: () => go("api-logs"), c: () => go("circuits"), r: () => go("orders") });
  useEffect(() => {
    document.title = `${TITLES[page]} · switchgear`;
  }, [page]);
  const next = look === "dark" ? "light" : "dark";
  return html`
    <header class="head">
      <a class="brand" href=${hrefOf("api-logs")} onClick=${(event) => follow(event, "api-logs")}>
        <img src="static/icon.svg" alt="" width="20" height="20" />switchgear
      </a>
      <${Tabs} page=${page} />
      <${Source} status=${status} />
      <button class="quiet" onClick=${flip} aria-label=${`Use the ${next} theme`}>${look === "dark" ? "☀" : "☾"}</button>
      <button class="quiet" onClick=${() => setHelp(true)} aria-label="Keys">?</button>
    </header>
    <${Banner} />
    ${page === "api-logs" && html`<${Logs} filter=${filter} writable=${status?.writable ?? false} />`}
    ${page === "circuits" && html`<${Circuits} />`}
    ${page === "orders" && html`<${Orders} filter=${filter} />`}
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  `;
}

render(html`<${App} />`, document.getElementById("app"));
