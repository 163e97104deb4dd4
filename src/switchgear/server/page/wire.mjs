// Owns what went over the wire, where it was kept: headers and body to read, and the request as curl without secrets.
import { html } from "./html.mjs";
import { stamp } from "./format.mjs";

const SECRET = /(authori[sz]ation|cookie|key|sign|secret|token|pass|hmac|jwt|bearer)/i;
const BODY_CHARS_MAX = 20_000;

const textOf = (body) => (typeof body === "string" ? body : body === null || body === undefined ? "" : JSON.stringify(body, null, 2));

/** Headers as pairs, whether they were kept as an object or as pairs. */
const pairs = (headers) => (Array.isArray(headers) ? headers : Object.entries(headers ?? {})).map(([name, value]) => [String(name), String(value)]);

/** For a shell: one word, whatever is in it. */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const placeholder = (name) => `<${name.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}>`;

/** Query parameters that could be secret are named and not told, whatever the record holds. */
function harmlessUrl(url) {
  const [path, query] = url.split(/\?(.*)/s);
  if (query === undefined) return path;
  const safe = query.split("&").map((one) => {
    const [name] = one.split("=");
    return SECRET.test(name) ? `${name}=${placeholder(name)}` : one;
  });
  return `${path}?${safe.join("&")}`;
}

/** The body without values whose names could be secret: of JSON and of a form. */
function harmlessBody(body) {
  const text = textOf(body);
  const json = text.replace(/("([^"\\]*)"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}\]]+)/g, (all, head, name) =>
    SECRET.test(name) ? `${head}"${placeholder(name)}"` : all,
  );
  return json.replace(/(^|&)([^&={}"\s]+)=([^&\s]*)/g, (all, lead, name) =>
    SECRET.test(name) ? `${lead}${name}=${placeholder(name)}` : all,
  );
}

/** The request of a record as a command; null where none was kept. */
export function curlOf(record) {
  const request = record.detail?.request;
  if (!request || typeof request.url !== "string") return null;
  const lines = [`curl -X ${quoted(String(request.method ?? "GET").toUpperCase())} ${quoted(harmlessUrl(request.url))}`];
  for (const [name, value] of pairs(request.headers)) {
    lines.push(`-H ${quoted(`${name}: ${SECRET.test(name) ? placeholder(name) : value}`)}`);
  }
  if (request.body) lines.push(`--data-raw ${quoted(harmlessBody(request.body))}`);
  return lines.join(" \\\n  ");
}

function Headers({ headers, name }) {
  const listed = pairs(headers);
  if (!listed.length) return null;
  return html`<table class="headers"><caption class="unseen">${name}</caption><tbody>
    ${listed.map(([head, value], index) => html`<tr key=${index}><th scope="row">${head}</th><td>${value}</td></tr>`)}
  </tbody></table>`;
}

function Side({ title, side, first }) {
  if (!side) return null;
  const body = textOf(side.body);
  const cut = body.length > BODY_CHARS_MAX;
  return html`<details class="wire-side" open>
    <summary>${title}${first && html` <b>${first}</b>`}</summary>
    <${Headers} headers=${side.headers} name=${`${title}: headers`} />
    ${body
      ? html`<pre tabindex="0" aria-label=${`${title}: body`}>${body.slice(0, BODY_CHARS_MAX)}${cut ? "\n…" : ""}</pre>`
      : html`<p class="muted">No body was kept.</p>`}
  </details>`;
}

export function Wire({ record }) {
  const { request, answer } = record.detail ?? {};
  if (!request && !answer) return null;
  const line = request && [request.method, request.url].filter(Boolean).join(" ");
  return html`<section class="wire" aria-label="Over the wire">
    <h3>Over the wire, ${stamp(record.at_ms).slice(11)}</h3>
    <${Side} title="Request" side=${request} first=${line} />
    <${Side} title="Answer" side=${answer} first=${answer?.status} />
  </section>`;
}
