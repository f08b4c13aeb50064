// What the address of the page says: the view in the path, everything else that a person has chosen in the query.

export type Route =
  | { view: "overview" | "history" | "health" | "login" | "missing" }
  | { view: "environment"; environment: string }
  | { view: "pool"; environment: string; namespace: string; pool: string };

/** parse tells which view a path is. */
export function parse(path: string): Route {
  let parts: string[];
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return { view: "missing" };
  }
  const [first, a, b, c] = parts;
  if (parts.length === 0) return { view: "overview" };
  if (parts.length === 1 && (first === "history" || first === "health" || first === "login")) return { view: first };
  if (parts.length === 2 && first === "environments") return { view: "environment", environment: a! };
  if (parts.length === 4 && first === "pools") return { view: "pool", environment: a!, namespace: b!, pool: c! };
  return { view: "missing" };
}

export const environmentPath = (name: string): string => `/environments/${encodeURIComponent(name)}`;

/** poolPath takes the key of a pool: ENVIRONMENT/NAMESPACE/NAME. */
export const poolPath = (key: string): string => `/pools/${key.split("/").map(encodeURIComponent).join("/")}`;

/** kept are the choices that go along from view to view. */
const kept = ["range", "from", "to", "tz"];

/** along is the address of another view, with the choices that go along. */
export function along(path: string, query: URLSearchParams): string {
  const [target, anchor] = path.split("#");
  const [base, own] = target!.split("?");
  const next = new URLSearchParams(own);
  for (const name of kept) {
    const value = query.get(name);
    if (value !== null && !next.has(name)) next.set(name, value);
  }
  return base + suffix(next) + (anchor ? `#${anchor}` : "");
}

/** changed is a query with some choices made anew; undefined or "" takes one back. */
export function changed(query: URLSearchParams, choices: Record<string, string | undefined>): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(choices)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return next;
}

export function suffix(query: URLSearchParams): string {
  const text = query.toString();
  return text ? `?${text}` : "";
}

export const ranges: Record<string, number> = { "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800 };

export interface Span {
  from: number;
  to: number;
  live: boolean; // it ends now
}

/** timeSpan is the time that a query asks for: a zoom, or a range that ends now. */
export function timeSpan(query: URLSearchParams, now: number): Span {
  const from = Number(query.get("from"));
  const to = Number(query.get("to"));
  if (Number.isFinite(from) && Number.isFinite(to) && from > 0 && to > from) return { from, to, live: false };
  const range = query.get("range") ?? "";
  const length = Object.hasOwn(ranges, range) ? ranges[range]! : ranges["1h"]!;
  return { from: now - length, to: now, live: true };
}

/** order is how a table is sorted: by a column, downwards with a minus before it. */
export function order(text: string | null, otherwise: string): { column: string; down: boolean } {
  const by = text || otherwise;
  return by.startsWith("-") ? { column: by.slice(1), down: true } : { column: by, down: false };
}
