// What the page knows, as signals: views show them, the stream and the address bar change them.
import { computed, effect, signal } from "@preact/signals";
import { ask, Refused, reason } from "./api";
import type { Entry, Me, Sample, State } from "./model";
import { remembered } from "./reduce";
import { along, changed, parse, suffix, timeSpan } from "./route";

export const state = signal<State | undefined>(undefined);
export const entries = signal<Entry[]>([]);
export const arrivals = signal(0); // whole states that the stream has brought
export const sample = signal<Sample | undefined>(undefined); // the newest
export const me = signal<Me | undefined>(undefined);
export const locked = signal(false); // the server asks who this is

/** Link is how the page learns of news. */
export interface Link {
  mode: "starting" | "live" | "polling" | "stale" | "paused";
  cause?: string; // of polling and stale
  retry?: number; // when it is tried again, in seconds of this clock
}
export const connection = signal<Link>({ mode: "starting" });
export const heard = signal(0); // when the server was heard last, in seconds of this clock
export const paused = signal(false);

// The clock runs only while somebody can see it.
export const now = signal(Date.now() / 1000);
setInterval(() => {
  if (!document.hidden) now.value = Date.now() / 1000;
}, 1000);

const most = 500; // entries that are kept

export function remember(more: Entry[]): void {
  entries.value = remembered(entries.value, more, most);
}

// The address.
export const path = signal(location.pathname);
export const query = signal(new URLSearchParams(location.search));
export const route = computed(() => parse(path.value));
export const utc = computed(() => query.value.get("tz") === "utc");
export const filter = (name: string): string => query.value.get(name) ?? "";

/** period is the time that charts and history show. It moves on with samples, not with the clock. */
const step = computed(() => sample.value?.at ?? Math.floor(now.peek()));
export const period = computed(() => timeSpan(query.value, step.value));

export const href = (to: string): string => along(to, query.value);

/** visit shows another view, or another time of the same. */
export function visit(to: string): void {
  history.pushState(null, "", to);
  read();
  requestAnimationFrame(arrive); // when the view is there
}

/** arrive goes to what the address names within the view, or to its top. */
export function arrive(): void {
  const anchor = document.getElementById(location.hash.slice(1));
  if (anchor) anchor.focus();
  else window.scrollTo(0, 0);
}

/** choose puts a choice into the address: as a step of its own that Back takes back, or in place of the present one. */
export function choose(choices: Record<string, string | undefined>, asStep = false): void {
  const to = path.value + suffix(changed(query.value, choices));
  if (asStep) history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  read();
}

export function read(): void {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
}

/** may tells whether the person may do something to an environment or pool. */
export function may(what: "environments" | "pools", name: string, act: string): boolean {
  const can = me.value?.can?.[what] ?? {};
  return Object.hasOwn(can, name) && can[name]!.includes(act);
}

/** identify asks who the person is. A server without such a question lets everybody look. */
export async function identify(): Promise<void> {
  try {
    me.value = await ask<Me>("/api/v1/me");
  } catch (e) {
    if (e instanceof Refused && e.status === 401) locked.value = true;
  }
}

/** notice is the newest thing to say aloud; it goes away by itself. */
export const notice = signal<{ text: string; bad?: boolean } | undefined>(undefined);
effect(() => {
  if (!notice.value) return undefined;
  const timer = setTimeout(() => (notice.value = undefined), 8000);
  return () => clearTimeout(timer);
});

export function fail(e: unknown): void {
  if (e instanceof Refused && e.status === 401) locked.value = true;
  notice.value = { text: reason(e), bad: true };
}
