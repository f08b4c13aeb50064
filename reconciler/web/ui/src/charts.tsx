// The two charts of a pool, what they say in words, and the same as a table.
import { useMemo } from "preact/hooks";
import { Chart, type Line, type Mark } from "./chart";
import { clock, percent, plain, plural, seconds, span } from "./format";
import { type Pool, type Series, key } from "./model";
import { At, Empty, Fact, Section } from "./parts";
import { seriesName, seriesOf } from "./series";
import { choose, filter, now, period, utc } from "./store";
import { Table } from "./table";
import { Times } from "./times";

export const decisionID = (at: string): string => `decision-${seconds(at) ?? 0}`;

export function Charts({ p }: { p: Pool }) {
  const loaded = seriesOf(seriesName(key(p)));
  const s = loaded?.series;
  const asTable = filter("table") !== "";
  const tools = (
    <>
      <Times otherwise="1h" />
      <button type="button" aria-pressed={asTable} onClick={() => choose({ table: asTable ? undefined : "1" })}>
        As a table
      </button>
      <a class="button" href={exported(p)} download>
        CSV
      </a>
    </>
  );
  return (
    <Section id="load" title="Agents and queue" tools={tools}>
      {loaded?.error && <p class="problem">No history: {loaded.error}</p>}
      {!loaded?.error && !s && <p class="muted">Asking for the history…</p>}
      {s && (s.at?.length ?? 0) === 0 && <Empty>No history of this time yet. A number is kept each 10 seconds.</Empty>}
      {s && (s.at?.length ?? 0) > 0 && (
        <>
          <p>{summary(s)}</p>
          {asTable ? <Numbers s={s} /> : <Drawn p={p} s={s} />}
          <Cost s={s} />
        </>
      )}
    </Section>
  );
}

function exported(p: Pool): string {
  const { from, to } = period.value;
  return `/api/v1/history?${new URLSearchParams({ pool: key(p), from: String(Math.floor(from)), to: String(Math.ceil(to)), format: "csv" })}`;
}

/** summary says what the charts show, for those who do not see them. */
function summary(s: Series): string {
  const at = s.at ?? [];
  const agents = at.map((_, i) => s.busy[i]! + s.idle[i]! + s.starting[i]! + s.draining[i]!);
  const [least, most] = [Math.min(...agents), Math.max(...agents)];
  const queued = Math.max(...s.queued);
  const oldest = Math.max(...s.oldest);
  const [from, to] = [at[0]!, at[at.length - 1]!].map((t) => clock(t, now.peek(), utc.value));
  const crew = least === most ? plural(most, "agent") : `between ${least} and ${plural(most, "agent")}`;
  const queue = queued ? `at most ${plural(queued, "build")} waited, one for ${span(oldest)}` : "no build had to wait";
  return `From ${from} to ${to}: ${crew}, ${queue}.`;
}

function Drawn({ p, s }: { p: Pool; s: Series }) {
  const { from, to } = period.value;
  const marks = useMemo<Mark[]>(() => (p.history ?? []).map((c) => ({ at: seconds(c.at) ?? 0, up: c.to > c.from, id: decisionID(c.at) })), [p.history]);
  const [agents, queue] = useMemo<[Line[], Line[]]>(
    () => [
      [
        { name: "busy", label: "busy", values: s.busy, stacked: true },
        { name: "idle", label: "idle", values: s.idle, stacked: true, hatch: "diagonal" },
        { name: "starting", label: "starting", values: s.starting, stacked: true, hatch: "dots" },
        { name: "draining", label: "draining", values: s.draining, stacked: true, hatch: "level" },
        { name: "desired", label: "wanted", values: s.desired },
        { name: "min", label: "min", values: s.min, dash: [2, 4] },
        { name: "max", label: "max", values: s.max, dash: [8, 5] },
      ],
      [
        { name: "queued", label: "builds wait", values: s.queued, stacked: true },
        { name: "oldest", label: "the oldest for", values: s.oldest, dash: [5, 3], unit: span, scale: "right" },
      ],
    ],
    [s],
  );
  const at = s.at ?? [];
  return (
    <>
      <Chart label={`Agents of ${plain(p.name)} over time. ${summary(s)}`} at={at} lines={agents} from={from} to={to} marks={marks} />
      <Chart label={`Builds that wait for ${plain(p.name)} over time. ${summary(s)}`} at={at} lines={queue} from={from} to={to} right={span} />
    </>
  );
}

function Cost({ s: { cost, desired } }: { s: Series }) {
  if (!cost?.hours) return null;
  const { hours, fixed } = cost;
  return (
    <dl class="strip">
      <Fact name="Hours of agents">{cost.hours.toFixed(1)} h</Fact>
      <Fact name="With a build">
        {cost.busy.toFixed(1)} h, {percent(cost.busy, cost.hours)}
      </Fact>
      <Fact name="Idle">
        {cost.idle.toFixed(1)} h, {percent(cost.idle, cost.hours)}
      </Fact>
      {fixed > hours && (
        <Fact name={`A fixed fleet of ${Math.max(...desired)}`}>
          {fixed.toFixed(1)} h; {percent(fixed - hours, fixed)} saved
        </Fact>
      )}
    </dl>
  );
}

const rows = 200; // of the table at most

function Numbers({ s }: { s: Series }) {
  const at = s.at ?? [];
  const every = Math.ceil(at.length / rows);
  const moments = at.map((_, i) => i).filter((i) => (at.length - 1 - i) % every === 0);
  const column = (name: "busy" | "idle" | "starting" | "draining" | "offline" | "desired" | "min" | "max" | "queued", title: string = name) => ({
    name,
    title,
    by: (i: number) => s[name][i] ?? 0,
    cell: (i: number) => s[name][i] ?? "–",
    number: true,
  });
  return (
    <Table
      caption="Agents and queue over time"
      param="moments"
      sort="-at"
      rows={moments}
      id={(i) => String(at[i])}
      columns={[
        { name: "at", title: "Time", by: (i) => at[i]!, cell: (i) => <At at={at[i]} /> },
        column("busy"),
        column("idle"),
        column("starting"),
        column("draining"),
        column("offline"),
        column("desired", "wanted"),
        column("min"),
        column("max"),
        column("queued", "waiting"),
        { name: "oldest", title: "oldest", by: (i) => s.oldest[i] ?? 0, cell: (i) => span(s.oldest[i] ?? 0), number: true },
      ]}
    />
  );
}
