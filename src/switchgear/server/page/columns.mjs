// Owns which columns the table has and in what order: from the address, else as this browser remembers, else the usual.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { accountTag, millis, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Menu } from "./menu.mjs";
import { kept, keep } from "./stored.mjs";

const STORED = "switchgear-columns";
const USUAL = ["time", "level", "exchange", "method", "event", "message", "took"];

const plain = (name) => (record) => record[name] ?? "";

/** By name: title, and what a record has of it; time, level and method are the table's own to show. */
export const COLUMNS = {
  time: ["Time", null],
  level: ["Level", null],
  exchange: ["Exchange", plain("exchange")],
  account: ["Account", plain("account")],
  method: ["Method", null],
  event: ["What", (record) => words(record.event)],
  kind: ["Kind", (record) => words(record.kind ?? "")],
  scope: ["Scope", plain("scope")],
  message: ["Message", plain("message")],
  source: ["Source", plain("source")],
  order_id: ["Order", plain("order_id")],
  call_id: ["Call", plain("call_id")],
  attempt: ["Attempt", plain("attempt")],
  status: ["Status", plain("status")],
  code: ["Code", plain("code")],
  took: ["ms", (record) => millis(record.duration_ms)],
  run: ["Run", (record) => record.run || ""],
  id: ["Id", plain("id")],
};

const NAMES = Object.keys(COLUMNS);

/** Those of a list that there are, each once, as they are ordered there; the usual ones when none is left. */
function known(names) {
  const found = Array.isArray(names) ? [...new Set(names)].filter((name) => NAMES.includes(name)) : [];
  return found.length ? found : USUAL;
}

export const columnsOf = (view) => known(view.columns ? String(view.columns).split(",") : kept(STORED, USUAL));

/** The account stands behind the method where it has no column of its own. */
export const besideMethod = (record, columns) =>
  columns.includes("account") ? null : accountTag(record.method, record.account);

const inAddress = (columns) => (String(columns) === String(USUAL) ? "" : columns.join(","));

function chosen(place, columns) {
  keep(STORED, columns);
  place.show({ columns: inAddress(columns) }, { replace: true });
}

/** Whether somebody moved a column: they do not come as they are listed above. */
export const rearranged = (columns) => String(columns) !== String(NAMES.filter((name) => columns.includes(name)));

/** What a column is called where it is chosen, without the table to explain it. */
const titleOf = (name) => (name === "took" ? "Duration" : COLUMNS[name][0]);

/** With one more column, behind another; first of all where there is none. */
function placed(columns, name, before) {
  const at = columns.indexOf(before) + 1;
  return [...columns.slice(0, at), name, ...columns.slice(at)];
}

/** The column behind which one that was not chosen before belongs. */
const usualBefore = (columns, name) => NAMES.slice(0, NAMES.indexOf(name)).findLast((one) => columns.includes(one));

function moved(columns, name, to) {
  const rest = columns.filter((one) => one !== name);
  return [...rest.slice(0, to), name, ...rest.slice(to)];
}

/**
 * The focus stays with a column that goes elsewhere in the lists, where the browser would drop it.
 * Gives what remembers it, to be called before; who has no ring round the focus is not scrolled to it either.
 */
function useHeld(room, columns) {
  const held = useRef(null);
  useLayoutEffect(() => {
    const { name, part, seen } = held.current ?? {};
    held.current = null;
    if (name) room.current.querySelector(`[data-column="${name}"] [data-part="${part}"]`)?.focus({ preventScroll: !seen });
  }, [String(columns)]);
  return () => {
    const at = document.activeElement;
    const name = room.current.contains(at) && at.closest("[data-column]")?.dataset.column;
    if (name) held.current = { name, part: at.dataset.part, seen: at.matches(":focus-visible") };
  };
}

/** Disabled only by word: a button that is pressed until the end of the list keeps the focus there. */
function Move({ name, to, last, part, onMove }) {
  return html`<button
    class="quiet column-move" data-part=${part} aria-disabled=${to < 0 || to > last} onClick=${() => onMove(name, to)}
  ><span aria-hidden="true">${part === "up" ? "↑" : "↓"}</span><span class="unseen">Move ${titleOf(name)} ${part}</span></button>`;
}

function Check({ name, shown, onFlip, ...more }) {
  return html`<label class="check">
    <input type="checkbox" data-part="check" checked=${shown} onChange=${() => onFlip(name)} ...${more} />
    ${titleOf(name)}
  </label>`;
}

/** Columns dragged by their grips; the list has the pointer, for a row that moves would lose it. */
function useDrag(onMove) {
  const dragged = useRef(null);
  const down = (event) => {
    if (event.button || !event.target.closest(".column-grip")) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    dragged.current = event.target.closest(".column").dataset.column;
  };
  const move = (event) => {
    if (!dragged.current) return;
    const rows = [...event.currentTarget.children];
    const from = rows.findIndex((row) => row.dataset.column === dragged.current);
    const below = rows.findIndex((row) => event.clientY < row.getBoundingClientRect().bottom);
    const to = below < 0 ? rows.length - 1 : below;
    if (to !== from) onMove(dragged.current, to);
  };
  const end = () => {
    dragged.current = null;
  };
  return { onPointerDown: down, onPointerMove: move, onPointerUp: end, onPointerCancel: end };
}

function Shown({ columns, lately, onMove, onFlip }) {
  const last = columns.length - 1;
  const pressed = (event, name, at) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onMove(name, at + step);
  };
  return html`<ol aria-label="Shown, in this order" ...${useDrag(onMove)}>
    ${columns.map((name, at) => html`<li
      key=${name} class="column" data-column=${name} data-lately=${name === lately} onKeyDown=${(event) => pressed(event, name, at)}
    >
      <span class="column-grip" aria-hidden="true" title="Drag to move"></span>
      <${Check} name=${name} shown onFlip=${onFlip} aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown" />
      <${Move} name=${name} to=${at - 1} last=${last} part="up" onMove=${onMove} />
      <${Move} name=${name} to=${at + 1} last=${last} part="down" onMove=${onMove} />
    </li>`)}
  </ol>`;
}

function Choice({ place, columns }) {
  const room = useRef(null);
  const leftFrom = useRef(new Map());
  const [said, setSaid] = useState({ text: "", lately: null });
  const hold = useHeld(room, columns);
  const change = (next, text, lately) => {
    setSaid({ text, lately }); // drawn anew even where nothing changes: a box that must stay ticked is ticked again
    if (!next) return;
    hold();
    chosen(place, next);
  };
  const move = (name, to) => {
    const title = titleOf(name);
    if (to < 0) change(null, `${title} is the first already.`, name);
    else if (to >= columns.length) change(null, `${title} is the last already.`, name);
    else change(moved(columns, name, to), `${title} is column ${to + 1} of ${columns.length}.`, name);
  };
  const add = (name) => {
    // Unticked by mistake and ticked again, it is where it was: behind the same one, or the first.
    const was = leftFrom.current.get(name);
    const next = placed(columns, name, was === null || columns.includes(was) ? was : usualBefore(columns, name));
    change(next, `${titleOf(name)} is shown, as column ${next.indexOf(name) + 1} of ${next.length}.`, name);
  };
  const remove = (name) => {
    if (columns.length === 1) return change(null, "One column has to stay.", name);
    leftFrom.current.set(name, columns[columns.indexOf(name) - 1] ?? null);
    return change(columns.filter((one) => one !== name), `${titleOf(name)} is not shown.`, null);
  };
  const reset = () => {
    leftFrom.current.clear();
    change(USUAL, "The usual columns are shown, in the usual order.", null);
  };
  const others = NAMES.filter((name) => !columns.includes(name));
  return html`<div class="columns" ref=${room}>
    <p class="menu-title" aria-hidden="true">Shown, in this order</p>
    <${Shown} columns=${columns} lately=${said.lately} onMove=${move} onFlip=${remove} />
    ${others.length > 0 && html`<p class="menu-title" aria-hidden="true">Not shown</p>
      <ul class="menu-checks" aria-label="Not shown">
        ${others.map((name) => html`<li key=${name} data-column=${name}><${Check} name=${name} shown=${false} onFlip=${add} /></li>`)}
      </ul>`}
    <button onClick=${reset}>Reset to the usual ones</button>
    <p class="muted column-hint">Alt with ↑ or ↓ moves a column too.</p>
    <p class="unseen" role="status">${said.text}</p>
  </div>`;
}

export function ColumnsMenu({ place, columns }) {
  return html`<${Menu} label="Columns" name="Columns to show" on=${String(columns) !== String(USUAL)}>
    ${() => html`<${Choice} place=${place} columns=${columns} />`}
  <//>`;
}
