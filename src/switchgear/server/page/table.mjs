// Owns the table of records and its cursor: one row is in the tab order, j and k move it.
import { useEffect, useRef } from "preact/hooks";
import { accountTag, clock, day, iso, methodName, millis, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";

const HEADS = [
  ["time", "Time"],
  ["level", "Level"],
  ["exchange", "Exchange"],
  ["method", "Method"],
  ["what", "What"],
  ["message", "Message"],
  ["took", "ms"],
];

let moves = 0;

/** The cursor on a record: moved by a key, the row takes the focus; clicked, it has it already. */
export const movedTo = (record) => ({ id: record.id, focus: (moves += 1) });
export const clickedOn = (record) => ({ id: record.id, focus: 0 });
export const nowhere = { id: null, focus: 0 };

function Row({ record, today, reached, focus, open, onOpen, onFocus }) {
  const row = useRef(null);
  const date = day(record.at_ms);
  const account = accountTag(record.method, record.account);
  useEffect(() => {
    if (!focus) return;
    row.current.focus({ preventScroll: true });
    row.current.scrollIntoView({ block: "nearest" });
  }, [focus]);
  return html`<tr
    ref=${row} role="row" tabindex=${reached ? 0 : -1} data-level=${record.level.toLowerCase()} data-id=${record.id}
    aria-selected=${open} onClick=${onOpen} onFocus=${onFocus}
  >
    <td role="cell" class="time"><time datetime=${iso(record.at_ms)} title=${iso(record.at_ms)}>
      ${date === today ? null : html`<span class="date">${date.slice(5)} </span>`}${clock(record.at_ms)}
    </time></td>
    <td role="cell" class="level"><${Mark} name=${record.level.toLowerCase()} /></td>
    <td role="cell" class="exchange">${record.exchange}</td>
    <td role="cell" class="method">${methodName(record.method, record.account)}${account && html`<span class="account"> ${account}</span>`}</td>
    <td role="cell" class="what">${words(record.event)}</td>
    <td role="cell" class="message">${record.message}</td>
    <td role="cell" class="took">${millis(record.duration_ms)}</td>
  </tr>`;
}

export function Table({ records, nowMs, cursor, openId, onOpen, onFocus }) {
  const today = day(nowMs);
  const inList = records.some((record) => record.id === cursor.id);
  return html`<table role="table" class="records">
    <caption class="unseen">Log records, newest first</caption>
    <thead role="rowgroup"><tr role="row">
      ${HEADS.map(([name, title]) => html`<th key=${name} role="columnheader" scope="col" class=${name}>${title}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">
      ${records.map((record, index) => html`<${Row}
        key=${record.id} record=${record} today=${today}
        reached=${inList ? record.id === cursor.id : index === 0}
        focus=${record.id === cursor.id ? cursor.focus : 0}
        open=${record.id === openId}
        onOpen=${() => onOpen(record)} onFocus=${() => onFocus(record)}
      />`)}
    </tbody>
  </table>`;
}
