// Owns the list of /api-logs: the rows with what is above and below them, or what stands in their place.
import { ROWS_MAX } from "./feed.mjs";
import { iso, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { Failed, Nothing, Skeleton } from "./states.mjs";
import { clickedOn, Table } from "./table.mjs";

const TOP_PX = 24;

function Older({ state, feed, place }) {
  if (state.nextBefore === null) return html`<p class="older muted">That is all.</p>`;
  if (state.records.length >= ROWS_MAX) {
    const last = state.records.at(-1);
    return html`<div class="older">
      <button onClick=${() => place.set({ ...place.filter, until: iso(last.at_ms) })}>Go on from here</button>
      <span class="muted"> ${whole(state.records.length)} records are as many as one page takes.</span>
    </div>`;
  }
  return html`<div class="older">
    <button disabled=${state.loadingOlder} onClick=${() => feed.current.older()}>${state.loadingOlder ? "Loading…" : "Load older"}</button>
    ${state.olderError && html`<span class="problem" role="alert"> ${state.olderError.message}</span>`}
  </div>`;
}

function Rows({ near, state, feed, place, columns, cursor, setCursor, openId, onOpen, status }) {
  if (near ? near.error : state.phase === "failed") {
    return html`<${Failed} error=${near ? near.error : state.error} place=${place} onAgain=${() => feed.current.load()} />`;
  }
  const records = near ? near.records : state.records;
  if (near ? !records.length : state.phase === "loading") return html`<${Skeleton} />`;
  if (!records.length) return html`<${Nothing} place=${place} status=${status} />`;
  return html`
    <${Table}
      records=${records} columns=${columns} nowMs=${Date.now()} cursor=${cursor} openId=${openId}
      markedId=${near ? Number(near.id) : null} onOpen=${onOpen}
      onFocus=${(record) => record.id === cursor.id || setCursor(clickedOn(record))}
    />
    ${near ? null : html`<${Older} state=${state} feed=${feed} place=${place} />`}`;
}

export function List(props) {
  const { near, state, feed, list } = props;
  const scrolled = () => feed.current.hold({ reading: list.current.scrollTop > TOP_PX });
  const showNew = () => {
    list.current.scrollTop = 0;
    feed.current.show();
  };
  return html`<div class="list" ref=${list} onScroll=${scrolled}>
    ${!near && state.waitingCount > 0 && html`<div class="new">
      <button onClick=${showNew}>↑ ${whole(state.waitingCount)} new</button>
    </div>`}
    <${Rows} ...${props} />
  </div>`;
}
