// The first view: is all well, what runs where, is there enough of it.
import { LastSync, Objects } from "./facts";
import { coarse, plain, plural, seconds } from "./format";
import { Held } from "./held";
import { type Environment, type Pool, type State, type Unmatched, key } from "./model";
import { Spark } from "./spark";
import { A, Ago, Empty, Fact, Out, Revision, Section, Story, Text, Until, Word } from "./parts";
import { environmentPath, poolPath } from "./route";
import { entries, filter, now, state } from "./store";
import { Search } from "./search";
import { Timeline } from "./timeline";
import { Times } from "./times";

export function Overview() {
  const s = state.value;
  if (!s) return null;
  const wanted = filter("q").toLowerCase();
  const environments = worstFirst((s.environments ?? []).filter((e) => e.name.toLowerCase().includes(wanted) || e.state.toLowerCase() === wanted));
  const pools = worstFirst((s.pools ?? []).filter((p) => key(p).toLowerCase().includes(wanted) || p.state.toLowerCase() === wanted));
  return (
    <>
      <Headline s={s} />
      <Strip s={s} />
      <Section id="environments" title="Environments" tools={<Search label="Filter environments and pools" />}>
        <Environments shown={environments} all={s.environments ?? []} leader={s.program.leader} />
      </Section>
      <Section id="pools" title="Pools of agents" tools={pools.length > 0 && <Times otherwise="1h" />}>
        <Pools shown={pools} all={s.pools ?? []} />
        <UnmatchedLabels pools={s.pools ?? []} />
      </Section>
      <Section id="recent" title="Lately" tools={<A to="/history">all history</A>}>
        {entries.value.length ? <Timeline entries={entries.value.slice(0, 12)} /> : <Empty>Nothing has happened since this page looks.</Empty>}
      </Section>
    </>
  );
}

const worst = ["Stalled", "Held", "Unknown", "Waiting"];

/** worstFirst puts what somebody has to look at before the others, which stay in order. */
function worstFirst<T extends { state: string }>(all: T[]): T[] {
  const rank = (t: T): number => (worst.indexOf(t.state) + worst.length + 1) % (worst.length + 1);
  return all.sort((a, b) => rank(a) - rank(b));
}

/** Headline says in a sentence whether anybody has to do anything. */
function Headline({ s }: { s: State }) {
  const environments = s.environments ?? [];
  const pools = s.pools ?? [];
  const masters = s.masters ?? [];
  const down = masters.filter((m) => !m.up);
  const bad = [
    ...told(environments, worst, "environment"),
    ...told(pools, worst, "pool"),
    ...(down.length
      ? [`${masters.length === 1 ? "Jenkins" : number(down.length)}${masters.length > 1 ? " Jenkins" : ""} ${down.length === 1 ? "does" : "do"} not answer`]
      : []),
    ...(s.source.error ? ["the repository cannot be read"] : []),
    ...(s.program.alive ? ["the loop makes no progress"] : []),
  ];
  const agents = pools.reduce((n, p) => n + p.busy + p.idle + p.starting + p.draining, 0);
  const busy = pools.reduce((n, p) => n + p.busy, 0);
  const queued = pools.reduce((n, p) => n + p.queued, 0);
  return (
    <header class={bad.length ? "headline bad" : "headline"}>
      <h1>{bad.length ? capital(`${listed(bad)}.`) : environments.length ? "All is as Git says." : "Nothing to look after yet."}</h1>
      <p>
        {plural(environments.length, "environment")}, {plural(pools.length, "pool")}; {plural(agents, "agent")}, {busy} with a build;{" "}
        {queued ? `${plural(queued, "build waits", "builds wait")} for one` : "no build waits"}.
      </p>
    </header>
  );
}

function told(all: { state: string }[], states: string[], noun: string): string[] {
  return states
    .map((word) => ({ word, n: all.filter((a) => a.state === word).length }))
    .filter(({ n }) => n > 0)
    .map(({ word, n }) => `${number(n)} ${noun}${n === 1 ? " is" : "s are"} ${word.toLowerCase()}`);
}

const listed = (parts: string[]): string => (parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`);
const number = (n: number): string => ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][n] ?? String(n);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Strip is the same in numbers. */
function Strip({ s }: { s: State }) {
  const masters = s.masters ?? [];
  const up = masters.filter((m) => m.up).length;
  return (
    <dl class="strip">
      <Fact name="Environments">
        <Tally all={s.environments ?? []} anchor="environments" />
      </Fact>
      <Fact name="Pools">
        <Tally all={s.pools ?? []} anchor="pools" />
      </Fact>
      <Fact name="Jenkins">
        {masters.length === 0 ? <span class="muted">none yet</span> : <Word of={up === masters.length ? "Up" : "Down"} small />}{" "}
        {masters.length > 0 && `${up} of ${masters.length} answer`}
      </Fact>
      <Fact name="Repository">
        <Revision of={s.source.revision} commit={s.source.commit} />{" "}
        <span class="muted">
          read <Ago at={s.source.lastSuccess} />
        </span>
      </Fact>
      <Fact name="This process">
        {s.program.leader ? "leads" : "stands by"}, <A to="/health">{plain(s.program.version) || "no version"}</A>
      </Fact>
    </dl>
  );
}

function Tally({ all, anchor }: { all: { state: string }[]; anchor: string }) {
  const counts = new Map<string, number>();
  for (const a of all) counts.set(a.state, (counts.get(a.state) ?? 0) + 1);
  if (counts.size === 0) return <span class="muted">none yet</span>;
  return (
    <span class="tally">
      {[...counts]
        .sort(([, a], [, b]) => b - a)
        .map(([word, n]) => (
          <A key={word} to={`/?q=${word.toLowerCase()}#${anchor}`} class="bare">
            {n} <Word of={word} small />
          </A>
        ))}
    </span>
  );
}

function Environments({ shown, all, leader }: { shown: Environment[]; all: Environment[]; leader: boolean }) {
  if (all.length === 0 && !leader)
    return <Empty command="kubectl get leases --all-namespaces">This process stands by: another one leads, and knows the environments. Ask that one.</Empty>;
  if (all.length === 0)
    return <Empty command="majordomo validate">No environment yet: fleet.yaml names them. This says what is wrong with it, if anything is.</Empty>;
  if (shown.length === 0) return <Empty>No environment fits the filter.</Empty>;
  return (
    <ul class="cards wide">
      {shown.map((e) => (
        <EnvironmentCard key={e.name} e={e} />
      ))}
    </ul>
  );
}

function EnvironmentCard({ e }: { e: Environment }) {
  return (
    <li class={`card edge-${e.state.toLowerCase()}`}>
      <div class="heading">
        <h3>
          <A to={environmentPath(e.name)}>{plain(e.name)}</A>
        </h3>
        <Word of={e.state} />
      </div>
      {e.reason && e.state !== "Ready" && (
        <p class="why">
          <Text>{e.reason}</Text>
        </p>
      )}
      <p class="commit">
        <Revision of={e.revision} commit={e.commit} /> <Story commit={e.commit} />
      </p>
      <dl class="facts">
        <Objects e={e} />
        <LastSync e={e} />
        <Fact name="Repairs">
          {e.repairs}
          {e.lastDrift && (
            <span class="muted">
              , <Ago at={e.lastDrift.time} />
              {e.lastDrift.manager && (
                <>
                  {" "}
                  after <Text>{e.lastDrift.manager}</Text>
                </>
              )}
            </span>
          )}
        </Fact>
        <Fact name="Next look">
          <Until at={e.next} />
        </Fact>
      </dl>
      {e.held && <Held e={e} />}
    </li>
  );
}

function Pools({ shown, all }: { shown: Pool[]; all: Pool[] }) {
  if (all.length === 0)
    return <Empty command="kubectl get agentpools --all-namespaces">No pool yet: an AgentPool in an overlay makes one. This lists those of the cluster.</Empty>;
  if (shown.length === 0) return <Empty>No pool fits the filter.</Empty>;
  return (
    <ul class="cards">
      {shown.map((p) => (
        <PoolCard key={key(p)} p={p} />
      ))}
    </ul>
  );
}

function PoolCard({ p }: { p: Pool }) {
  return (
    <li class={`card edge-${p.state.toLowerCase()}`}>
      <div class="heading">
        <h3>
          <A to={poolPath(key(p))}>{plain(p.name)}</A>
        </h3>
        <span class="muted">{plain(p.environment)}</span>
        <Word of={p.state} />
      </div>
      <Spark pool={p} />
      <Figures p={p} />
      {p.reason && (
        <p class="why">
          <Text>{p.reason}</Text>
        </p>
      )}
    </li>
  );
}

/** Figures are the numbers of a pool now: the keys of its chart at the same time. */
export function Figures({ p }: { p: Pool }) {
  const oldest = seconds(p.oldestQueued);
  return (
    <dl class="figures">
      {(["busy", "idle", "starting", "draining", "offline"] as const).map(
        (name) =>
          (name !== "offline" || p.offline > 0) && (
            <div key={name} class={p[name] ? undefined : "none"}>
              <dd>{p[name]}</dd>
              <dt>
                <i class={`swatch of-${name}`} />
                {name}
              </dt>
            </div>
          ),
      )}
      <div class={p.queued ? "queue" : "none"}>
        <dd>{p.queued}</dd>
        <dt>{p.queued && oldest !== undefined ? `wait, ${coarse(now.value - oldest)}` : "wait"}</dt>
      </div>
      <div>
        <dd>{p.desired}</dd>
        <dt>
          wanted, {p.min}–{p.max}
        </dt>
      </div>
    </dl>
  );
}

/** UnmatchedLabels are builds that no pool can serve. */
export function UnmatchedLabels({ pools }: { pools: Pool[] }) {
  const all = new Map<string, Unmatched & { jenkins: string }>();
  for (const p of pools) for (const u of p.unmatched ?? []) all.set(`${p.jenkins} ${u.label}`, { ...u, jenkins: p.jenkins });
  if (all.size === 0) return null;
  return (
    <aside class="callout" aria-label="Labels that no pool serves">
      <p class="title">No pool serves these labels</p>
      <ul>
        {[...all].map(([id, u]) => (
          <li key={id}>
            <code>
              <Text>{u.label}</Text>
            </code>
            : {plural(u.items, "build waits", "builds wait")} at <Out to={u.jenkins}>{plain(u.jenkins)}</Out>
            {u.why && (
              <>
                . Jenkins says: <Text>{u.why}</Text>
              </>
            )}
          </li>
        ))}
      </ul>
    </aside>
  );
}
