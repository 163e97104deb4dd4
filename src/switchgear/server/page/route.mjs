// Owns the address: which page is shown and with which filter. Reload, share and back keep both.
import { useEffect, useState } from "preact/hooks";

export const FILTERS = [
  "exchange", "method", "level", "since", "until", "text", "account", "event", "kind", "call_id", "run",
];

function read() {
  const page = location.pathname.endsWith("/circuits") ? "circuits" : "api-logs";
  const given = new URLSearchParams(location.search);
  const filter = {};
  for (const name of FILTERS) if (given.get(name)) filter[name] = given.get(name);
  return { page, filter };
}

/** The address of a page with a filter, relative to where the server is mounted. */
export function hrefOf(page, filter = {}) {
  const search = new URLSearchParams();
  for (const name of FILTERS) if (filter[name]) search.set(name, filter[name]);
  const text = search.toString();
  return text ? `${page}?${text}` : page;
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
