// Owns the address: which page is shown and with which filter. Reload, share and back keep both.
import { useEffect, useState } from "preact/hooks";

/** What the address of each page can hold; an order that is open is part of it too. */
const FILTERS = {
  "api-logs": [
    "exchange", "method", "account", "level", "outcome", "kind", "scope", "event", "since", "until", "text",
    "order_id", "call_id", "run", "columns", "around", "record",
  ],
  calls: ["sort"],
  circuits: ["exchange", "method", "account"],
  orders: ["exchange", "account", "state", "symbol", "client_order_id", "intent"],
  overview: [],
};

function read() {
  const page = Object.keys(FILTERS).find((name) => location.pathname.endsWith(`/${name}`)) ?? "overview";
  const given = new URLSearchParams(location.search);
  const filter = {};
  for (const name of FILTERS[page]) if (given.get(name)) filter[name] = given.get(name);
  return { page, filter };
}

/** The address of a page with a filter, relative to where the server is mounted. */
export function hrefOf(page, filter = {}) {
  const search = new URLSearchParams();
  for (const name of FILTERS[page]) if (filter[name]) search.set(name, filter[name]);
  const text = search.toString();
  const path = page === "overview" ? "./" : page;
  return text ? `${path}?${text}` : path;
}

/** Go to a page; with replace, the place before it is not kept for "back". */
export function go(page, filter = {}, { replace = false } = {}) {
  const href = hrefOf(page, filter);
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event("switchgear-route"));
}

/** For links: go without loading the page anew, unless a new tab is wanted. */
export function follow(event, page, filter) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(page, filter);
}

export function useRoute() {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const moved = () => setRoute(read());
    addEventListener("popstate", moved);
    addEventListener("switchgear-route", moved);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener("switchgear-route", moved);
    };
  }, []);
  return route;
}
