// Owns what is used of an exchange's limits, as bars, and what its retry budget has left, in words.
import { per, plural, span, whole, wide, words } from "./format.mjs";
import { html } from "./html.mjs";

/** Market data stops at the first, everything but cancels and lookups of orders at the second; the sheet has both marks. */
const MARKET_DATA_UP_TO = 0.8;
const MOST_UP_TO = 0.9;

/** Who must wait at this filling, for the colour and in words. No market data counts in a limit of orders. */
function filling(share, ofOrders) {
  if (share >= 1) return ["full", "full"];
  if (share >= MOST_UP_TO) return ["reserve", ofOrders ? "new orders wait" : "only cancels and lookups pass"];
  return share >= MARKET_DATA_UP_TO && !ofOrders ? ["tight", "market data waits"] : ["room", ""];
}

const rounded = (used) => whole(Math.round(used * 10) / 10);

function Limit({ limit, age }) {
  const share = limit.used / limit.capacity;
  const ofOrders = limit.limit.startsWith("orders");
  const [state, waits] = filling(share, ofOrders);
  const left = Math.ceil(limit.resets_in_s - age);
  // orders_10s: the period is told once, in the words of every other limit.
  const name = words(limit.limit.replace(/_\d+[a-z]$/, ""));
  return html`<li class="limit" data-filling=${state} data-of=${ofOrders ? "orders" : "requests"}>
    <span class="limit-name">${name} ${per(limit.period_s)}, ${wide(limit.scope, limit.account)}</span>
    <span class="limit-bar" aria-hidden="true"><progress max="1" value=${Math.min(1, share)}></progress></span>
    <span class="limit-used">
      <b>${rounded(limit.used)}</b> of ${rounded(limit.capacity)}${waits && html`, <b class="waits">${waits}</b>`}${", "}<span class="muted">${left > 0 ? `resets in ${span(left)}` : "resets now"}</span>
    </span>
  </li>`;
}

function budgetWords({ tokens, tokens_max: most }) {
  if (most === null) return "unlimited";
  return most === 0 ? "none allowed" : `${whole(tokens)} of ${plural(most, "token")} left`;
}

function Budget({ budget }) {
  return html`<li class="limit budget">
    <span class="limit-name">retry budget</span>
    <span class="limit-used">${budgetWords(budget)}</span>
    ${budget.withheld > 0 && html`<b class="waits">retries withheld: ${whole(budget.withheld)}</b>`}
  </li>`;
}

export function Limits({ exchange, limits, budget, age }) {
  return html`<ul class="limits" aria-label=${`Limits of ${exchange}`}>
    ${limits.map((limit) => html`<${Limit} key=${limit.limit + limit.account} limit=${limit} age=${age} />`)}
    ${budget && html`<${Budget} budget=${budget} />`}
  </ul>`;
}

/** What the marks on the bars and the heights of the strips mean, once for the page. */
export const Legend = ({ limits }) => html`<p class="legend muted">
  In the last hour, a low bar is closed, half height half-open, full height open; a bar in two is held by a person, in three at metrics only.
  ${limits && html`${" "}On the bar of a limit, market data stops at the mark of 80 %, orders and what reads the account at that of
  90 %; what is above is kept for cancels and lookups of orders.`}
</p>`;
