// Owns saved views: a filter with its columns under a name, kept in this browser, beside a few that everybody has.
import { useState } from "preact/hooks";
import { columnsOf } from "./columns.mjs";
import { html } from "./html.mjs";
import { Menu } from "./menu.mjs";
import { follow, hrefOf } from "./route.mjs";
import { keep, kept } from "./stored.mjs";

const STORED = "switchgear-views";
const NAME_MAX = 60;
const VIEWS_MAX = 50;

const BUILT_IN = [
  { name: "Errors of the last hour", place: { level: "error", since: "-1h" } },
  { name: "Rejected calls", place: { outcome: "rejected" } },
  { name: "Orders", place: { text: "order" } },
  { name: "Slow successes", place: { outcome: "success", level: "warning" } },
  { name: "What circuits did", place: { event: "circuit_moved" } },
];

const isView = (one) => typeof one?.name === "string" && typeof one.place === "object" && one.place !== null;

function stored() {
  const found = kept(STORED, []);
  return Array.isArray(found) ? found.filter(isView) : [];
}

/**
 * The view that shows what is shown now: one with just this address before one that comes to the same,
 * for without columns of its own a view has those that this browser remembers.
 */
function currentOf(views, place) {
  const href = hrefOf("api-logs", { ...place.filter, columns: place.view.columns });
  const columns = String(columnsOf(place.view));
  const filter = hrefOf("api-logs", place.filter);
  const shows = ({ place: its }) =>
    hrefOf("api-logs", { ...its, columns: "" }) === filter && String(columnsOf(its)) === columns;
  return views.find((view) => hrefOf("api-logs", view.place) === href) ?? views.find(shows);
}

function ViewLink({ view, current, close }) {
  const chosen = (event) => {
    follow(event, "api-logs", view.place);
    close(true);
  };
  return html`<a
    class="view-link" href=${hrefOf("api-logs", view.place)} aria-current=${view === current ? "true" : null} onClick=${chosen}
  >${view.name}</a>`;
}

function NameForm({ label, button, given = "", onNamed, focus }) {
  const [name, setName] = useState(given);
  const done = (event) => {
    event.preventDefault();
    if (name.trim()) onNamed(name.trim());
    setName("");
  };
  return html`<form class="view-form" onSubmit=${done}>
    <input
      aria-label=${label} placeholder=${label} maxlength=${NAME_MAX} autocomplete="off" value=${name}
      ref=${(field) => focus && field?.focus()} onInput=${(event) => setName(event.target.value)}
    />
    <button disabled=${!name.trim()}>${button}</button>
  </form>`;
}

function Own({ view, current, close, onRename, onDelete }) {
  const [naming, setNaming] = useState(false);
  const named = (name) => {
    setNaming(false);
    onRename(name);
  };
  if (naming) return html`<li><${NameForm} label="New name" button="Rename" given=${view.name} onNamed=${named} focus /></li>`;
  return html`<li class="view-own">
    <${ViewLink} view=${view} current=${current} close=${close} />
    <button class="quiet" aria-label=${`Rename ${view.name}`} title="Rename" onClick=${() => setNaming(true)}>✎</button>
    <button class="quiet" aria-label=${`Delete ${view.name}`} title="Delete" onClick=${onDelete}>✕</button>
  </li>`;
}

export function ViewsMenu({ place }) {
  const [own, setOwn] = useState(stored);
  const [lasting, setLasting] = useState(true);
  const change = (views) => {
    setOwn(views);
    setLasting(keep(STORED, views));
  };
  // The same name again is the same view: it gets what is shown now, with the columns, be they the usual ones.
  const save = (name) => {
    const columns = columnsOf(place.view).join(",");
    change([...own.filter((one) => one.name !== name), { name, place: { ...place.filter, columns } }].slice(-VIEWS_MAX));
    place.show({ columns }, { replace: true });
  };
  const current = currentOf([...BUILT_IN, ...own], place);
  return html`<${Menu} label=${html`<span class="menu-label">${current?.name ?? "Views"}</span>`} name="Views" on=${Boolean(current)}>
    ${(close) => html`
      <ul class="view-list">
        ${BUILT_IN.map((view) => html`<li key=${view.name}><${ViewLink} view=${view} current=${current} close=${close} /></li>`)}
      </ul>
      ${own.length > 0 && html`<p class="menu-title">Your views</p><ul class="view-list">
        ${own.map((view, index) => html`<${Own}
          key=${view.name} view=${view} current=${current} close=${close}
          onRename=${(name) => change(own.map((one, at) => (at === index ? { ...one, name } : one)))}
          onDelete=${() => change(own.filter((_, at) => at !== index))}
        />`)}
      </ul>`}
      <p class="menu-title">Save what is shown now</p>
      <${NameForm} label="Name of the view" button="Save" onNamed=${save} />
      <p class="muted">${lasting ? "Kept in this browser." : "This browser forbids storage: kept until the page is closed."}</p>`}
  <//>`;
}
