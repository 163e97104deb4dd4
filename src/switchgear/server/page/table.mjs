// Owns the table of records and its cursor: one row is in the tab order, j and k move it.
import { Component, createRef } from "preact";
import { clock, day, iso, methodName } from "./format.mjs";
import { besideMethod, COLUMNS, rearranged } from "./columns.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";

let moves = 0;

/** The cursor on a record: moved by a key, the row takes the focus; clicked, it has it already. */
export const movedTo = (record) => ({ id: record.id, focus: (moves += 1) });
export const clickedOn = (record) => ({ id: record.id, focus: 0 });
export const nowhere = { id: null, focus: 0 };

function content(name, record, columns, today) {
  if (name === "level") return html`<${Mark} name=${record.level.toLowerCase()} />`;
  if (name === "method") {
    const account = besideMethod(record, columns);
    return html`${methodName(record.method, record.account)}${account && html`<span class="account"> ${account}</span>`}`;
  }
  if (name !== "time") return COLUMNS[name][1](record);
  const date = day(record.at_ms);
  return html`<time datetime=${iso(record.at_ms)} title=${iso(record.at_ms)}>
    ${date === today ? null : html`<span class="date">${date.slice(5)} </span>`}${clock(record.at_ms)}
  </time>`;
}

const SAME = ["record", "columns", "today", "reached", "focus", "open", "marked"];

/** Drawn anew only when something of its own is different: hundreds of rows stay while a few come. */
class Row extends Component {
  row = createRef();

  shouldComponentUpdate(next) {
    return SAME.some((name) => next[name] !== this.props[name]);
  }

  componentDidMount() {
    this.take(0);
  }

  componentDidUpdate(before) {
    this.take(before.focus);
  }

  take(before) {
    if (!this.props.focus || this.props.focus === before) return;
    this.row.current.focus({ preventScroll: true });
    this.row.current.scrollIntoView({ block: "nearest" });
  }

  render({ record, columns, today, reached, open, marked, onOpen, onFocus }) {
    return html`<tr
      ref=${this.row} role="row" tabindex=${reached ? 0 : -1} data-level=${record.level.toLowerCase()} data-id=${record.id}
      aria-selected=${open} aria-current=${marked ? "true" : null} onClick=${() => onOpen(record)} onFocus=${() => onFocus(record)}
    >
      ${columns.map((name) => html`<td key=${name} role="cell" class=${`c-${name}`}>${content(name, record, columns, today)}</td>`)}
    </tr>`;
  }
}

export function Table({ records, columns, nowMs, cursor, openId, markedId, onOpen, onFocus }) {
  const today = day(nowMs);
  const inList = records.some((record) => record.id === cursor.id);
  const dated = records.some((record) => day(record.at_ms) !== today);
  return html`<table role="table" class="records" data-dated=${dated} data-rearranged=${rearranged(columns)}>
    <caption class="unseen">Log records, newest first</caption>
    <thead role="rowgroup"><tr role="row">
      ${columns.map((name) => html`<th key=${name} role="columnheader" scope="col" class=${`c-${name}`}>${COLUMNS[name][0]}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">
      ${records.map((record, index) => html`<${Row}
        key=${record.id} record=${record} columns=${columns} today=${today}
        reached=${inList ? record.id === cursor.id : index === 0}
        focus=${record.id === cursor.id ? cursor.focus : 0}
        open=${record.id === openId} marked=${record.id === markedId} onOpen=${onOpen} onFocus=${onFocus}
      />`)}
    </tbody>
  </table>`;
}
