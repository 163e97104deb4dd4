// Owns the one navigation of all pages: which there are, which is shown, and the key of each.
import { html } from "./html.mjs";
import { follow, go, hrefOf } from "./route.mjs";

export const TITLES = { overview: "Overview", "api-logs": "Logs", circuits: "Circuits", calls: "Calls", orders: "Orders" };

/** What goes to a page by its key. */
export const PAGE_KEYS = {
  s: () => go("overview"),
  l: () => go("api-logs"),
  c: () => go("circuits"),
  m: () => go("calls"),
  r: () => go("orders"),
};

export function Tabs({ page }) {
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
