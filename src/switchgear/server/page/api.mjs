// Owns asking the server: addresses, answers and errors of the JSON API.

const BASE = new URL("api/v1/", document.baseURI);

export class ApiError extends Error {
  constructor(message, status, detail) {
    super(message);
    this.status = status;
    this.field = detail?.field ?? null;
    this.allowed = detail?.allowed ?? null;
  }
}

/** The address of an answer; parameters without a value are left out. */
export function address(path, params = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

/** Sign in, and come back to what is shown now. */
export function toLogin() {
  const here = location.pathname.slice(location.pathname.lastIndexOf("/") + 1) + location.search;
  location.assign(`login?${new URLSearchParams({ next: here })}`);
}

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. It may have ended.", 0, null);
  }
  const body = await response.json().catch((error) => {
    // Given up on within its body: that is no empty answer.
    if (error.name === "AbortError") throw error;
    if (response.ok) throw new ApiError("The answer was broken off.", response.status, null);
    return null;
  });
  if (response.ok) return body;
  if (response.status === 401 && response.headers.has("www-authenticate")) toLogin();
  const detail = body?.error;
  throw new ApiError(detail?.message ?? `The server answered ${response.status}.`, response.status, detail);
}

export function get(path, params, signal) {
  return answered(fetch(address(path, params), { signal, headers: { accept: "application/json" } }));
}

export function post(path, body) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  return answered(fetch(address(path), { method: "POST", headers, body: JSON.stringify(body) }));
}
