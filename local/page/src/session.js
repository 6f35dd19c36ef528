// The API's address and the bearer token of this tab; without both, the page's own origin answers everybody.
const KEPT = "waveflow.session";
let session = { api: "", token: "" };

/** Take the session from the page's address, or from an earlier load of this tab. */
export function openSession() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem(KEPT, JSON.stringify({ api: given.get("api") ?? "", token: given.get("token") }));
    history.replaceState(null, "", location.pathname); // whoever sees the address bar must not see the token
  }
  session = JSON.parse(sessionStorage.getItem(KEPT)) ?? session;
}

/** Tell whether this tab has a bearer token. */
export const hasToken = () => session.token !== "";

/** Return a route's address: the API's routes may lie on another origin than the page's own. */
export const addressOf = (path) => (path.startsWith("/tokens/") ? session.api + path : path);

/** Return the header that tells the API who asks. */
export const credentials = () => (hasToken() ? { Authorization: `Bearer ${session.token}` } : {});
