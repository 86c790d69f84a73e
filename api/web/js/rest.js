// Requests to the API. A token, where one is needed, is kept for this tab only.

const KEY = "crossquote.token";

export const token = () => sessionStorage.getItem(KEY) ?? "";
export const setToken = (text) => sessionStorage.setItem(KEY, text);

export class Unauthorised extends Error {}

async function call(method, path, body) {
  const headers = { "X-Crossquote": "1" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const reply = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(5000),
  });
  if (reply.status === 401) throw new Unauthorised();
  const data = await reply.json();
  if (!reply.ok) throw new Error(data.error ?? `${method} ${path}: ${reply.status}`);
  return data;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);

// All items of a paged list, up to a bound.
export async function list(path, most = 500) {
  const found = [];
  const joint = path.includes("?") ? "&" : "?";
  let cursor = "";
  do {
    const page = await get(cursor ? `${path}${joint}cursor=${encodeURIComponent(cursor)}` : path);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor && found.length < most);
  return found;
}
