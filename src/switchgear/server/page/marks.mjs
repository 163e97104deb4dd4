// Owns the marks for states and levels: each has a shape of its own, so that colour is never the only sign.
import { html } from "./html.mjs";
import { words } from "./format.mjs";

const SHAPES = {
  closed: html`<circle cx="6" cy="6" r="4.5" />`,
  open: html`<rect x="1.5" y="1.5" width="9" height="9" rx="1" />`,
  half_open: html`<circle class="hollow" cx="6" cy="6" r="4.2" /><path d="M6 1.8a4.2 4.2 0 0 1 0 8.4z" />`,
  forced_open: html`<path d="M6 .6 11.4 6 6 11.4.6 6z" />`,
  forced_closed: html`<path class="hollow" d="M6 1.4 10.6 6 6 10.6 1.4 6z" /><circle cx="6" cy="6" r="1.6" />`,
  metrics_only: html`<path d="M.8 7.2h2.6v3.6H.8zM4.7 4.4h2.6v6.4H4.7zM8.6 1.4h2.6v9.4H8.6z" />`,
  new: html`<circle class="hollow" cx="6" cy="6" r="3.4" />`,
  sent: html`<path d="M2.2 1.4 10.8 6 2.2 10.6z" />`,
  about_to_send: html`<path class="hollow" d="M2.6 2.2 9.8 6 2.6 9.8z" />`,
  acked: html`<circle cx="6" cy="6" r="4.5" />`,
  rejected: html`<path class="hollow" d="M2 2 10 10M10 2 2 10" />`,
  not_sent: html`<circle class="hollow" cx="6" cy="6" r="4.2" /><path class="hollow" d="M3.2 8.8 8.8 3.2" />`,
  unknown: html`<path d="M6 .6 11.4 6 6 11.4.6 6z" />`,
  found: html`<circle class="hollow" cx="6" cy="6" r="4.2" /><circle cx="6" cy="6" r="1.8" />`,
  absent: html`<path class="hollow" d="M1.4 6h9.2" />`,
  abandoned: html`<rect class="hollow" x="2" y="2" width="8" height="8" rx="1" />`,
  debug: html`<circle cx="6" cy="6" r="1.6" />`,
  info: html`<circle class="hollow" cx="6" cy="6" r="3.4" />`,
  warning: html`<path d="M6 1.2 11.3 10.6H.7z" />`,
  error: html`<rect x="1.5" y="1.5" width="9" height="9" rx="1" />`,
  critical: html`<path d="M3.8.8h4.4l3 3v4.4l-3 3H3.8l-3-3V3.8z" />`,
};

export function Mark({ name }) {
  return html`<span class="mark" data-mark=${name}>
    <svg viewBox="0 0 12 12" aria-hidden="true">${SHAPES[name] ?? null}</svg>
    <span class="mark-word">${words(name)}</span>
  </span>`;
}
