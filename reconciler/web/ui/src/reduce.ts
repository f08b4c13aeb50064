// How events change what is known. Pure: each function returns a new value and leaves the old one alone.
import { seconds } from "./format";
import { type Change, type Entry, type Sample, type Series, type State, key } from "./model";

/** apply is the state after a change. Lists stay in order, and what has not changed stays the same object. */
export function apply(state: State, change: Change): State {
  if (change.version <= state.version) return state;
  return {
    ...state,
    version: change.version,
    at: change.at,
    program: change.program ?? state.program,
    source: change.source ?? state.source,
    masters: change.masters ?? state.masters,
    environments: merge(state.environments, change.environments, change.gone?.environments, (e) => e.name),
    pools: merge(state.pools, change.pools, change.gone?.pools, key),
  };
}

function merge<T>(old: T[] | null, changed: T[] | null | undefined, gone: string[] | null | undefined, name: (t: T) => string): T[] {
  const all = new Map((old ?? []).map((t) => [name(t), t]));
  for (const n of gone ?? []) all.delete(n);
  for (const t of changed ?? []) all.set(name(t), t);
  return [...all.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, t]) => t);
}

/** sampled is the state with the newest numbers of its pools. */
export function sampled(state: State, sample: Sample): State {
  return {
    ...state,
    pools: (state.pools ?? []).map((p) => {
      const s = sample.pools[key(p)];
      if (!s) return p;
      const { queued, busy, idle, starting, draining, offline, desired, min, max } = s;
      return { ...p, queued, busy, idle, starting, draining, offline, desired, min, max };
    }),
  };
}

/** taken is a sample of what a state says: where no samples come. */
export function taken(state: State, at: number): Sample {
  const pools: Sample["pools"] = {};
  for (const p of state.pools ?? []) pools[key(p)] = { ...p, oldest: Math.max(0, at - (seconds(p.oldestQueued) ?? at)) };
  return { at, pools };
}

/** remembered are the newest entries, the newest first and each once. */
export function remembered(entries: Entry[], more: Entry[], most: number): Entry[] {
  const all = new Map([...entries, ...more].map((e) => [e.id, e]));
  return [...all.values()].sort((a, b) => b.id - a.id).slice(0, most);
}

export const columns = ["queued", "oldest", "busy", "idle", "starting", "draining", "offline", "desired", "min", "max"] as const;

/** extended is a series with the numbers of one more moment; moments before `from` are left out. */
export function extended(series: Series, sample: Sample, from: number): Series {
  const values = sample.pools[series.pool];
  const at = series.at ?? [];
  if (!values || (at.length > 0 && sample.at <= at[at.length - 1]!)) return series;
  const first = at.findIndex((t) => t >= from);
  const start = first < 0 ? at.length : first;
  const next: Series = { ...series, at: [...at.slice(start), sample.at] };
  for (const c of columns) next[c] = [...(series[c] ?? []).slice(start), values[c] ?? 0];
  return next;
}
