// How news arrives: server-sent events, and questions every few seconds where those do not come through.
import { Refused, reason, send } from "./api";
import type { Change, Entry, Sample, State } from "./model";
import { apply, sampled, taken } from "./reduce";
import { arrivals, connection, heard, locked, now, paused, remember, sample, state } from "./store";

const silence = 35; // seconds without an event after which the stream is not trusted: samples come each 10
const grace = 5; // seconds that a broken stream may take to come back before the state is asked for
const pollEvery = 5; // seconds
const longest = 60; // seconds between two tries of the stream
const hiddenFor = 30_000; // milliseconds after which a page that nobody sees is cut off

let source: EventSource | undefined;
let opened = 0; // when the stream was opened or broke, 0 while it works
let tries = 0;
let retryAt = 0;
let polledAt = 0;
let polling = false;
let etag = "";
let hidden: ReturnType<typeof setTimeout> | undefined;

const clock = (): number => Date.now() / 1000;

/** follow keeps the state up to date until the page is closed. */
export function follow(): void {
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(close, hiddenFor);
    else wake();
  });
  window.addEventListener("online", wake);
  now.subscribe(watch);
  open();
}

/** wake tries at once what would be tried later. */
export function wake(): void {
  now.value = clock();
  retryAt = 0;
  polledAt = 0;
  watch();
}

export function pause(on: boolean): void {
  paused.value = on;
  if (on) {
    close();
    connection.value = { mode: "paused" };
  } else {
    connection.value = { mode: "starting" };
    wake();
  }
}

function open(): void {
  close();
  opened = clock();
  source = new EventSource("/api/v1/stream");
  on<State>("state", (s) => {
    state.value = s;
    arrivals.value++;
  });
  on<Change>("change", (c) => {
    if (state.value) state.value = apply(state.value, c);
  });
  on<Entry>("entry", (e) => remember([e]));
  on<Sample>("sample", (s) => {
    if (state.value) state.value = sampled(state.value, s);
    sample.value = s;
  });
  source.addEventListener("bye", () => broken(1 + 3 * Math.random()));
  source.onopen = () => hear();
  source.onerror = () => {
    // The browser tries again by itself, with the id of the last event, unless the answer was no stream at all.
    if (source?.readyState === EventSource.CLOSED) broken(backoff());
    else if (!opened) opened = clock();
  };
}

function on<T>(event: string, act: (data: T) => void): void {
  source?.addEventListener(event, (e) => {
    hear();
    act(JSON.parse((e as MessageEvent<string>).data) as T);
  });
}

function hear(): void {
  heard.value = clock();
  opened = 0;
  tries = 0;
  if (connection.peek().mode !== "live") connection.value = { mode: "live" };
}

function close(): void {
  source?.close();
  source = undefined;
}

function broken(wait: number): void {
  close();
  if (!opened) opened = clock();
  retryAt = clock() + wait;
}

function backoff(): number {
  tries++;
  return Math.min(longest, 2 ** tries) * (0.5 + Math.random() / 2);
}

/** watch is looked at each second: is the stream alive, is it time to try again, has the state to be asked for. */
function watch(): void {
  if (paused.peek() || locked.peek() || document.hidden) return;
  const t = clock();
  if (source && !opened && t - heard.peek() > silence) broken(backoff());
  if (source && opened && t - opened > silence) broken(backoff());
  if (!source && t >= retryAt) open();
  if (opened && t - opened > grace && t - polledAt >= pollEvery) void poll();
}

/** poll asks for the state, and says so: the stream does not come through. */
async function poll(): Promise<void> {
  if (polling) return;
  polling = true;
  polledAt = clock();
  try {
    await load();
    if (state.peek()) sample.value = taken(state.peek()!, Math.floor(polledAt));
    if (opened) connection.value = { mode: "polling", cause: "the stream of events does not come through" };
  } catch (e) {
    if (opened) connection.value = { mode: "stale", cause: reason(e), retry: polledAt + pollEvery };
  } finally {
    polling = false;
  }
}

/** load asks for the state once. */
export async function load(): Promise<void> {
  try {
    const answer = await send("/api/v1/state", { headers: etag ? { "If-None-Match": etag } : {} });
    heard.value = clock();
    locked.value = false;
    if (answer.status === 304) return;
    etag = answer.headers.get("ETag") ?? "";
    state.value = (await answer.json()) as State;
  } catch (e) {
    if (e instanceof Refused && e.status === 401) {
      locked.value = true;
      close();
    }
    throw e;
  }
}
