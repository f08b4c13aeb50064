// What has happened, with filters, as far back as it is kept.
import { useEffect, useState } from "preact/hooks";
import { ask, reason } from "./api";
import { plain, plural } from "./format";
import { type Entry, key } from "./model";
import { Empty, Section } from "./parts";
import { Search } from "./search";
import { choose, entries, filter, period, query, state } from "./store";
import { Timeline, days, kinds } from "./timeline";
import { Times } from "./times";

const page = 100; // entries that are asked for at once

interface Answer {
  items: Entry[] | null;
  more: boolean;
}

export function History() {
  const [loaded, setLoaded] = useState<Answer>();
  const [problem, setProblem] = useState<string>();
  const [env, pool, kind, text] = ["env", "pool", "kind", "q"].map(filter) as [string, string, string, string];
  const { from, to, live } = period.value;
  const span = query.value.has("range") || !live;
  const asked = [env, pool, kind, span ? (query.value.get("range") ?? `${from} ${to}`) : ""].join("|");
  const address = (more: Record<string, string>) => {
    const q = new URLSearchParams(more);
    for (const [name, value] of Object.entries({ env, pool, kind })) if (value) q.set(name, value);
    if (span) q.set("from", String(Math.floor(from)));
    if (!live) q.set("to", String(Math.ceil(to)));
    return `/api/v1/timeline?${q}`;
  };
  const load = async (before?: Entry) => {
    try {
      setProblem(undefined);
      const answer = await ask<Answer>(address({ limit: String(page), ...(before ? { before: String(before.id) } : {}) }));
      setLoaded((old) => (before ? { ...answer, items: [...(old?.items ?? []), ...(answer.items ?? [])] } : answer));
    } catch (e) {
      setProblem(reason(e));
    }
  };
  useEffect(() => {
    setLoaded(undefined);
    void load();
  }, [asked]);

  const old = loaded?.items ?? [];
  const known = new Set(old.map((e) => e.id));
  const newer = live ? entries.value.filter((e) => !known.has(e.id) && e.id > (old[0]?.id ?? 0) && fits(e, env, pool, kind)) : [];
  const wanted = text.toLowerCase();
  const shown = [...newer, ...old].filter(
    (e) => !wanted || `${e.text} ${e.environment ?? ""} ${e.pool ?? ""} ${e.actor ?? ""} ${e.revision ?? ""}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <header class="top">
        <h1>History</h1>
      </header>
      <Section id="events" title="Events" note={loaded && plural(shown.length, "entry", "entries")} tools={<Tools address={address} />}>
        <Filters env={env} pool={pool} kind={kind} />
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {!loaded && !problem && <p class="muted">Asking…</p>}
        {loaded && shown.length === 0 && (
          <Empty>{old.length ? "Nothing fits the filter." : "Nothing of this has happened yet, or it is no longer kept."}</Empty>
        )}
        {days(shown).map((d) => (
          <section key={d.day} aria-label={d.day}>
            <h3 class="day">{d.day}</h3>
            <Timeline entries={d.entries} />
          </section>
        ))}
        {loaded?.more && (
          <p class="actions">
            <button type="button" onClick={() => load(old[old.length - 1])}>
              Load older ones
            </button>
          </p>
        )}
      </Section>
    </>
  );
}

const fits = (e: Entry, env: string, pool: string, kind: string): boolean =>
  (!env || e.environment === env) && (!pool || e.pool === pool) && (!kind || e.kind === kind);

function Tools({ address }: { address: (more: Record<string, string>) => string }) {
  return (
    <>
      <Times otherwise="" />
      <a class="button" href={address({ format: "csv" })} download>
        CSV
      </a>
      <a class="button" href={address({ limit: "1000" })} download="timeline.json">
        JSON
      </a>
    </>
  );
}

function Filters({ env, pool, kind }: { env: string; pool: string; kind: string }) {
  const environments = (state.value?.environments ?? []).map((e) => e.name);
  const pools = (state.value?.pools ?? []).map(key);
  return (
    <div class="filters">
      <Search label="Filter events" />
      <Pick name="env" label="Environment" value={env} all={environments.map((e) => [e, e])} />
      <Pick name="pool" label="Pool" value={pool} all={pools.map((p) => [p, p])} />
      <Pick name="kind" label="Kind" value={kind} all={Object.entries(kinds)} />
    </div>
  );
}

function Pick({ name, label, value, all }: { name: string; label: string; value: string; all: [string, string][] }) {
  const known = !value || all.some(([v]) => v === value);
  return (
    <label>
      {label}
      <select value={value} onChange={(e) => choose({ [name]: e.currentTarget.value })}>
        <option value="">all</option>
        {!known && <option value={value}>{plain(value)}</option>}
        {all.map(([v, title]) => (
          <option key={v} value={v}>
            {plain(title)}
          </option>
        ))}
      </select>
    </label>
  );
}
