// One environment: its conditions, what was synced and repaired, and what a sync would do now.
import { useEffect, useState } from "preact/hooks";
import { Button, why } from "./act";
import { ask } from "./api";
import { Conditions } from "./conditions";
import { LastSync, Objects } from "./facts";
import { lasted, plain, short } from "./format";
import { Held } from "./held";
import type { Entry, Environment } from "./model";
import { A, Ago, At, Empty, Fact, Revision, Section, Story, Text, Until, Word } from "./parts";
import { PlanView } from "./plan";
import { entries, fail, may, state } from "./store";
import { Table } from "./table";
import { Timeline } from "./timeline";

export function EnvironmentView({ name }: { name: string }) {
  const e = state.value?.environments?.find((e) => e.name === name);
  if (!e) return <Empty command="majordomo status">No environment has the name “{plain(name)}”. This lists those that are there.</Empty>;
  return (
    <>
      <Top e={e} />
      {e.held && <Held e={e} />}
      <Fights e={e} />
      <PlanView name={name} />
      <Conditions conditions={e.conditions ?? []} />
      <History e={e} />
      <Happened name={name} />
    </>
  );
}

function Top({ e }: { e: Environment }) {
  return (
    <header class="top">
      <p class="crumbs">
        <A to="/#environments">Environments</A>
      </p>
      <div class="heading">
        <h1>{plain(e.name)}</h1>
        <Word of={e.state} />
        <div class="tools">
          <Actions e={e} />
        </div>
      </div>
      {e.reason && (
        <p class="why">
          <Text>{e.reason}</Text>
        </p>
      )}
      <p class="commit">
        <Revision of={e.revision} commit={e.commit} /> <Story commit={e.commit} />
      </p>
      <dl class="strip">
        <Objects e={e} />
        <LastSync e={e} />
        <Fact name="Repairs">
          {e.repairs}
          {e.lastDrift && (
            <span class="muted">
              , the last <Ago at={e.lastDrift.time} />: <Text>{e.lastDrift.object}</Text>
            </span>
          )}
        </Fact>
        <Fact name="Next look">
          <Until at={e.next} />
        </Fact>
        <Fact name="Overlay">
          <span class="mono">{plain(e.path) || "–"}</span> <span class="muted">{e.cluster ? `on ${plain(e.cluster)}` : "on this cluster"}</span>
        </Fact>
      </dl>
    </header>
  );
}

function Actions({ e }: { e: Environment }) {
  const base = `/api/v1/environments/${encodeURIComponent(e.name)}`;
  const suspended = e.state === "Suspended";
  return (
    <>
      {may("environments", e.name, "sync") && (
        <Button act={{ title: "Sync now", path: `${base}/sync`, question: `The newest commit is fetched and applied to ${e.name}.` }} />
      )}
      {may("environments", e.name, "suspend") && !suspended && (
        <Button
          act={{
            title: "Suspend",
            path: `${base}/suspend`,
            question: `Nothing is applied to ${e.name} and nothing repaired there until somebody resumes it.`,
            fields: [{ ...why, required: true }],
          }}
        />
      )}
      {may("environments", e.name, "suspend") && suspended && (
        <Button act={{ title: "Resume", path: `${base}/resume`, question: `${e.name} is synced and repaired again.` }} />
      )}
    </>
  );
}

function Fights({ e }: { e: Environment }) {
  if (!e.fights?.length) return null;
  return (
    <aside class="callout" aria-label="Fights">
      <p class="title">Somebody else writes the same fields</p>
      <ul>
        {e.fights.map((f) => (
          <li key={f.object}>
            <Text>{f.object}</Text>: <Text>{f.manager || "an unknown manager"}</Text> keeps changing{" "}
            <span class="mono">{plain(f.fields?.join(", ")) || "it"}</span>
          </li>
        ))}
      </ul>
    </aside>
  );
}

function History({ e }: { e: Environment }) {
  return (
    <Section id="syncs" title="Syncs">
      {e.history?.length ? (
        <Table
          caption={`Syncs of ${plain(e.name)}`}
          param="syncs"
          sort="-time"
          rows={e.history}
          id={(p) => `${p.revision} ${p.time}`}
          columns={[
            { name: "time", title: "Time", by: (p) => p.time ?? "", cell: (p) => <At at={p.time} /> },
            { name: "revision", title: "Commit", by: (p) => p.revision, cell: (p) => <span class="mono">{short(p.revision)}</span> },
            { name: "result", title: "Result", by: (p) => p.result, cell: (p) => <Word of={p.result} small /> },
            { name: "changes", title: "Changes", by: (p) => p.changes, cell: (p) => p.changes, number: true },
            { name: "took", title: "Took", cell: (p) => lasted(p.duration), number: true },
          ]}
        />
      ) : (
        <Empty command={`majordomo sync ${e.name}`}>Nothing was synced yet.</Empty>
      )}
    </Section>
  );
}

/** Happened is the part of the timeline that is about this environment. */
function Happened({ name }: { name: string }) {
  const [older, setOlder] = useState<Entry[]>([]);
  useEffect(() => {
    setOlder([]);
    ask<{ items: Entry[] | null }>(`/api/v1/timeline?${new URLSearchParams({ env: name, limit: "50" })}`).then((a) => setOlder(a.items ?? []), fail);
  }, [name]);
  const seen = new Set(older.map((e) => e.id));
  const newer = entries.value.filter((e) => e.environment === name && !e.pool && !seen.has(e.id));
  const all = [...newer, ...older].filter((e) => !e.pool);
  return (
    <Section id="happened" title="Syncs, repairs and other events">
      {all.length ? <Timeline entries={all} /> : <Empty>Nothing has happened yet.</Empty>}
    </Section>
  );
}
