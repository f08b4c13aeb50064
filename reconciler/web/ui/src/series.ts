// What became of pools over time: asked for once per pool and period, and carried on with samples.
import { effect, signal } from "@preact/signals";
import { ask, reason } from "./api";
import type { Series } from "./model";
import { extended } from "./reduce";
import type { Span } from "./route";
import { query, sample } from "./store";

export interface Loaded {
  series?: Series;
  error?: string;
}

/** all are the series by pool and period. */
const all = signal(new Map<string, Loaded>());
const points = 180; // of a series, about
const atOnce = 4; // questions under way
let running = 0;
const waiting: (() => Promise<void>)[] = [];

/** periodName tells periods apart: a live one is the same while it moves on. */
const periodName = (): string => `${query.value.get("range") ?? ""} ${query.value.get("from") ?? ""} ${query.value.get("to") ?? ""}`;

export const seriesName = (pool: string): string => `${pool} ${periodName()}`;
export const seriesOf = (name: string): Loaded | undefined => all.value.get(name);

/** want asks for the series of a pool where it is not there yet. */
export function want(pool: string, period: Span): void {
  const name = seriesName(pool);
  if (all.peek().has(name)) return;
  put(name, {});
  const step = Math.max(10, Math.ceil((period.to - period.from) / points / 10) * 10);
  waiting.push(() => fetchSeries(name, pool, period, step));
  void next();
}

async function next(): Promise<void> {
  if (running >= atOnce) return;
  const work = waiting.shift();
  if (!work) return;
  running++;
  await work();
  running--;
  void next();
}

async function fetchSeries(name: string, pool: string, period: Span, step: number): Promise<void> {
  const q = new URLSearchParams({ pool, from: String(Math.floor(period.from)), to: String(Math.ceil(period.to)), step: String(step) });
  try {
    put(name, { series: await ask<Series>(`/api/v1/history?${q}`) });
  } catch (e) {
    put(name, { error: reason(e) });
  }
}

function put(name: string, loaded: Loaded): void {
  all.value = new Map(all.peek()).set(name, loaded);
}

/** forget makes all be asked for anew: after a gap, or where other times are wanted. */
export function forget(): void {
  waiting.length = 0;
  all.value = new Map();
}

// A sample carries each live series on, at the pace at which the series has its moments.
effect(() => {
  const s = sample.value;
  if (!s) return;
  const old = all.peek();
  const carried = new Map<string, Loaded>();
  for (const [name, loaded] of old) carried.set(name, carry(name, loaded, s));
  all.value = carried;
});

function carry(name: string, loaded: Loaded, s: NonNullable<typeof sample.value>): Loaded {
  const { series } = loaded;
  if (!series || !name.endsWith(periodName()) || query.peek().has("from")) return loaded;
  const at = series.at ?? [];
  const [first, last] = [at[0] ?? s.at, at[at.length - 1] ?? 0];
  const step = series.step / 1e9;
  if (s.at - last < step) return loaded;
  return { series: extended(series, s, Math.min(first + step, s.at)) };
}
