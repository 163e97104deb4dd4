// Owns the first page: how things stand in a sentence, what to look at first, and each exchange in a line.
import { ofOrders } from "./banner.mjs";
import { sumOf } from "./calls_columns.mjs";
import { nameOf, PASSING_BY_HAND, summed, theWide, worstFirst } from "./circuits_words.mjs";
import { clock, iso, methodName, noun, share, span, whole, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const ERRORS = { level: "error", since: "-15m" };
const NAMED_MAX = 3;

const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

/** How things stand: one sentence. */
function sentence(health, orders, error) {
  if (error) return `${error.message} What is shown may be old.`;
  if (!health) return "";
  const names = health.degraded.map((one) => one.exchange);
  let lead = health.summary.replace(/\.$/, "");
  if (health.status === "down") lead = "No exchange serves anything";
  if (health.status === "degraded") lead = `${listed(names)} ${names.length === 1 ? "does" : "do"} not serve everything`;
  return `${[lead, ...ofOrders(orders)].join(", and ")}.`;
}

function Link({ page, filter, children, ...rest }) {
  return html`<a href=${hrefOf(page, filter)} onClick=${(event) => follow(event, page, filter)} ...${rest}>${children}</a>`;
}

function Standing({ health, orders, error }) {
  const status = error ? "lost" : (health?.status ?? "ok");
  const worst = status === "ok" && (orders?.in_doubt.length || orders?.switches.length) ? "degraded" : status;
  return html`<section class="standing" data-status=${worst} aria-label="How things stand">
    <h1>${sentence(health, orders, error)}</h1>
    ${health?.degraded.length > 0 && html`<ul>${health.degraded.map((one) => html`<li key=${one.exchange}><b>${one.exchange}</b>: ${one.words}.</li>`)}</ul>`}
  </section>`;
}

/** One thing to look at: how many, of what, the first of them; a link to all. */
function Tile({ page, filter, count, kind, title, none, children }) {
  const some = count > 0;
  return html`<li><${Link} page=${page} filter=${filter} class="tile" data-kind=${some ? kind : "none"}>
    <span class="tile-count">${count === null ? "–" : whole(count)}</span>
    <span class="tile-title">${title}</span>
    <span class="tile-text">${some ? children : none}</span>
  <//></li>`;
}

function firstOf(all, line) {
  const rest = all.length - NAMED_MAX;
  return html`${all.slice(0, NAMED_MAX).map((one, index) => html`<span key=${index} class="tile-line">${line(one)}</span>`)}
    ${rest > 0 && html`<span class="tile-line muted">and ${whole(rest)} more</span>`}`;
}

function First({ board, orders, errors, status, age }) {
  const turned = (board?.circuits ?? []).filter((one) => one.state !== "closed").sort(worstFirst);
  const open = turned.filter((one) => !PASSING_BY_HAND.has(one.state));
  const passing = turned.length - open.length;
  const none = `No circuit holds calls back${passing ? `; ${whole(passing)} ${passing === 1 ? "is" : "are"} held to pass` : ""}.`;
  const gates = board?.gates ?? [];
  const doubts = orders?.in_doubt ?? [];
  const halts = orders?.switches ?? [];
  const gone = status ? status.dropped + status.dropped_warnings + status.lost : null;
  const urgent = doubts.length + halts.length;
  const halted = doubts.length ? "orders in doubt, or halted" : noun(urgent, "halt of new orders", "halts of new orders");
  return html`<section aria-label="What to look at first"><h2>Look at first</h2><ul class="tiles">
    <${Tile} page="circuits" count=${board && open.length} kind="bad" title=${`${noun(open.length, "circuit")} not closed`} none=${none}>
      ${firstOf(open, (one) => html`<${Mark} name=${one.state} /> ${one.exchange} ${nameOf(one)}`)}
      ${passing > 0 && html`<span class="tile-line muted">and ${whole(passing)} held to pass</span>`}
    <//>
    <${Tile} page="circuits" count=${board && gates.length} kind="warn" title=${`${noun(gates.length, "gate")} closed`} none="No exchange told us to wait.">
      ${firstOf(gates, (one) => `${one.exchange}, ${theWide(one.scope, one.account)}: ${span(Math.ceil(Math.max(0, one.retry_after_s - age)))} more`)}
    <//>
    <${Tile} page="orders" count=${orders && urgent} kind="bad" title=${halts.length ? halted : `${noun(urgent, "order")} in doubt`} none=${orders?.journals === 0 ? "No journal here." : "What became of each is known."}>
      ${halts.length > 0 && html`<span class="tile-line">New orders are halted.</span>`}
      ${firstOf(doubts, (one) => html`<${Mark} name=${one.state} /> ${one.exchange} ${one.client_order_id}`)}
    <//>
    <${Tile} page="api-logs" filter=${ERRORS} count=${errors && errors.count} kind="bad" title=${`${noun(errors?.count, "error")} in the last 15 min`} none="Nothing at error or above.">
      See them in the log.
    <//>
    <${Tile} page="api-logs" filter=${{ level: "warning" }} count=${gone} kind="warn" title=${`${noun(gone, "record")} missing`} none="The log has all of them.">
      ${status && `${whole(status.dropped + status.dropped_warnings)} came too fast, ${whole(status.lost)} could not be written.`}
    <//>
  </ul></section>`;
}

function Exchanges({ board, calls }) {
  const names = [...new Set([...board.circuits, ...calls].map((one) => one.exchange))].sort();
  if (!names.length) return null;
  return html`<section aria-label="Exchanges"><h2>Exchanges</h2><table class="plain exchanges">
    <thead><tr><th scope="col">Exchange</th><th scope="col">Circuits</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Success</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Rejected</th></tr></thead>
    <tbody>${names.map((name) => {
      const circuits = board.circuits.filter((one) => one.exchange === name);
      const sum = sumOf(name, calls.filter((one) => one.exchange === name));
      const worst = [...circuits].filter((one) => one.state !== "closed").sort(worstFirst)[0];
      return html`<tr key=${name}>
        <th scope="row"><${Link} page="api-logs" filter=${{ exchange: name }}>${name}<//></th>
        <td><span class="mark-only"><${Mark} name=${worst?.state ?? "closed"} /></span> ${summed(circuits)}${worst ? `, ${words(worst.state)}: ${nameOf(worst)}` : ""}</td>
        <td class="number">${whole(sum.total_calls)}</td>
        <td class="number">${sum.success_calls + sum.failed_calls ? share(sum.success_rate) : "–"}</td>
        <td class="number">${whole(sum.failed_calls)}</td><td class="number">${whole(sum.rejected_calls)}</td>
      </tr>`;
    })}</tbody>
  </table></section>`;
}

/** The newest of what went wrong. */
function Lately({ records }) {
  if (!records?.length) return null;
  return html`<section aria-label="Errors lately"><h2>The last errors</h2><ol class="lately">
    ${records.map((one) => html`<li key=${one.id}>
      <time class="muted" datetime=${iso(one.at_ms)}>${clock(one.at_ms).slice(0, 8)}</time>
      <${Mark} name=${one.level.toLowerCase()} />
      <${Link} page="api-logs" filter=${{ exchange: one.exchange, method: one.method, account: one.account, level: "error" }}>${one.exchange} ${methodName(one.method, one.account)}<//>
      <span class="lately-text">${one.message}</span>
    </li>`)}
  </ol></section>`;
}

export function Home({ status }) {
  const health = usePolled("health", 2_000);
  const circuits = usePolled("circuits", 2_000);
  const orders = usePolled("orders/board", 4_000).answer;
  const errors = usePolled("logs/count?level=error&since=-15m", 5_000).answer;
  const lately = usePolled("logs?level=error&since=-15m&limit=6&count=no", 5_000).answer;
  const calls = usePolled("metrics", 4_000).answer?.calls ?? [];
  const age = useAge(circuits.atMs);
  return html`<main class="home">
    <${Standing} health=${health.answer} orders=${orders} error=${health.error} />
    <div class="home-rest">
      <${First} board=${circuits.answer} orders=${orders} errors=${errors} status=${status} age=${age} />
      ${circuits.answer && html`<${Exchanges} board=${circuits.answer} calls=${calls} />`}
      <${Lately} records=${lately?.records} />
    </div>
  </main>`;
}
