// One pool: what its agents do and did, and why there are as many.
import { useEffect } from "preact/hooks";
import { Button, type Act, why } from "./act";
import { Agents } from "./agents";
import { Charts } from "./charts";
import { Conditions } from "./conditions";
import { Explain } from "./explain";
import { plain, plural, span } from "./format";
import { type Durations, type Pool, key } from "./model";
import { Figures, UnmatchedLabels } from "./overview";
import { A, Empty, Fact, Out, Section, Text, Until, Word } from "./parts";
import { poolPath } from "./route";
import { period, may, state } from "./store";
import { seriesName, seriesOf, want } from "./series";

export function PoolView({ name }: { name: string }) {
  const p = state.value?.pools?.find((p) => key(p) === name);
  const series = seriesName(name);
  useEffect(() => want(name, period.peek()), [series, !seriesOf(series)]);
  if (!p) return <Empty command="kubectl get agentpools --all-namespaces">No pool has the name “{plain(name)}”. This lists those that are there.</Empty>;
  return (
    <>
      <Top p={p} />
      <Charts p={p} />
      <Explain p={p} />
      <div class="split even">
        <Bars id="waits" title="Builds waited" each="build" d={p.waits} />
        <Bars id="startups" title="Agents took to start" each="start" d={p.startups} />
      </div>
      <Agents p={p} />
      <UnmatchedLabels pools={[p]} />
      <Conditions conditions={p.conditions ?? []} />
    </>
  );
}

function Top({ p }: { p: Pool }) {
  return (
    <header class="top">
      <p class="crumbs">
        <A to="/#pools">Pools</A> / <A to={`/environments/${encodeURIComponent(p.environment)}`}>{plain(p.environment)}</A> / {plain(p.namespace)}
      </p>
      <div class="heading">
        <h1>{plain(p.name)}</h1>
        <Word of={p.state} />
        <div class="tools">
          <Actions p={p} />
        </div>
      </div>
      {p.reason && (
        <p class="why">
          <Text>{p.reason}</Text>
        </p>
      )}
      <Figures p={p} />
      <dl class="strip">
        <Fact name="Scales">
          <span class="mono">{plain(p.target)}</span> <span class="muted">at {p.replicas}</span>
        </Fact>
        <Fact name="Jenkins">
          <Out to={p.jenkins}>{plain(p.jenkins)}</Out>
        </Fact>
        <Fact name="Labels">{plain(p.labels?.join(" ")) || "none"}</Fact>
        <Fact name="Each agent">
          {plural(p.executors, "executor")}
          {p.priority && <span class="muted">, priority {plain(p.priority)}</span>}
        </Fact>
        {p.floor && (
          <Fact name="By hand">
            at least {plural(p.floor.agents, "agent")}, ends <Until at={p.floor.until} />
            {p.floor.reason && (
              <span class="muted">
                : <Text>{p.floor.reason}</Text>
              </span>
            )}
          </Fact>
        )}
        <Rollout p={p} />
      </dl>
    </header>
  );
}

function Rollout({ p }: { p: Pool }) {
  const r = p.rollout;
  if (!r?.phase) return null;
  return (
    <Fact name="Rollout">
      <Word of={r.phase} small /> {r.updated} of {r.total} have the new template <progress value={r.updated} max={Math.max(1, r.total)} aria-label="rollout" />
      {r.reason && (
        <span class="muted">
          {" "}
          <Text>{r.reason}</Text>
        </span>
      )}
    </Fact>
  );
}

function Actions({ p }: { p: Pool }) {
  const base = `/api/v1${poolPath(key(p))}`;
  const acts: [string, boolean, Act][] = [
    [
      "scale",
      true,
      {
        title: "Scale…",
        path: `${base}/scale`,
        question: `${p.name} keeps at least so many agents for a while, within its limit of ${p.max}. Its own computation goes on above that.`,
        fields: [
          { name: "replicas", label: "Agents", kind: "number", value: String(Math.max(1, p.floor?.agents ?? p.desired)), min: 1, max: 10000, required: true },
          { name: "for", label: "For", value: "2h", hint: "A length of time: 30m, 2h, 24h.", required: true },
          why,
        ],
      },
    ],
    [
      "scale",
      !!p.floor,
      { title: "End scaling by hand", path: `${base}/scale`, question: `${p.name} follows its own computation again.`, fixed: { replicas: 0 } },
    ],
    [
      "suspend",
      p.state !== "Suspended",
      {
        title: "Suspend",
        path: `${base}/suspend`,
        question: `The number of agents of ${p.name} stays as it is until somebody resumes it.`,
        fields: [{ ...why, required: true }],
      },
    ],
    ["suspend", p.state === "Suspended", { title: "Resume", path: `${base}/resume`, question: `${p.name} follows its own computation again.` }],
    [
      "drain",
      p.state !== "Draining",
      {
        title: "Drain",
        path: `${base}/drain`,
        question: `All agents of ${p.name} go, each after its build. No new build gets one.`,
        fields: [{ ...why, required: true }],
        grave: true,
      },
    ],
    ["drain", p.state === "Draining", { title: "End draining", path: `${base}/drain`, question: `${p.name} takes builds again.`, fixed: { undo: true } }],
  ];
  return (
    <>
      {acts
        .filter(([act, fits]) => fits && may("pools", key(p), act))
        .map(([, , act]) => (
          <Button key={act.title} act={act} />
        ))}
    </>
  );
}

/** Bars is how long something took, each time since Majordomo started. */
function Bars({ id, title, each, d }: { id: string; title: string; each: string; d?: Durations }) {
  if (!d?.count || !d.counts?.length) return null;
  const most = Math.max(1, ...d.counts);
  const bounds = d.bounds ?? [];
  return (
    <Section id={id} title={title} note={`${plural(d.count, each)}: half ≤ ${span(d.p50)}, 95 % ≤ ${span(d.p95)}`}>
      <table class="bars">
        <caption class="unseen">{title}</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">took</th>
            <th scope="col">{each}s</th>
          </tr>
        </thead>
        <tbody>
          {d.counts.map((n, i) => (
            <tr key={i}>
              <th scope="row">{i < bounds.length ? `≤ ${bounds[i]} s` : `> ${bounds[bounds.length - 1] ?? 0} s`}</th>
              <td>
                <meter value={n} max={most} aria-hidden="true" /> {n}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
