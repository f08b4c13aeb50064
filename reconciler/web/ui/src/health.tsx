// How Majordomo itself is.
import { bytes, plain, plural } from "./format";
import { Ago, Copy, Empty, Fact, Out, Revision, Section, Story, Text, Word } from "./parts";
import { connection, state } from "./store";
import { Table } from "./table";

const words = { starting: "opening", live: "live", polling: "asked for each 5 s", stale: "broken", paused: "paused" };

export function Health() {
  const s = state.value;
  if (!s) return null;
  const { program: p, source } = s;
  return (
    <>
      <header class="top">
        <h1>Majordomo itself</h1>
        {p.alive && (
          <p class="problem" role="alert">
            The loop makes no progress: <Text>{p.alive}</Text>
          </p>
        )}
      </header>
      <Section id="process" title="Process">
        <dl class="strip">
          <Fact name="Version">
            {plain(p.version) || "none"} <span class="mono muted">{plain(p.revision?.slice(0, 12))}</span>
          </Fact>
          <Fact name="Started">
            <Ago at={p.started} />
          </Fact>
          <Fact name="Leader">{p.leader ? "this process leads" : "this process stands by"}</Fact>
          <Fact name="Memory">{bytes(p.memory)}</Fact>
          <Fact name="Goroutines">{p.goroutines}</Fact>
          <Fact name="Panics">{p.panics ? <strong>{plural(p.panics, "was recovered", "were recovered")}</strong> : "none"}</Fact>
          <Fact name="This page">
            {words[connection.value.mode]}, version {s.version}
          </Fact>
        </dl>
        {!p.leader && <Empty command="kubectl get leases --all-namespaces">This process waits until another one, which leads, ends.</Empty>}
      </Section>
      <Section id="source" title="Repository">
        {source.error && (
          <p class="problem" role="alert">
            <Text>{source.error}</Text>
          </p>
        )}
        <dl class="strip">
          <Fact name="Address">
            <Out to={source.url}>{plain(source.url) || "–"}</Out> <span class="muted">{plain(source.ref?.replace("refs/heads/", ""))}</span>
          </Fact>
          <Fact name="Newest commit">
            <Revision of={source.revision} commit={source.commit} /> <Story commit={source.commit} />
          </Fact>
          <Fact name="Read">
            <Ago at={source.lastSuccess} />
          </Fact>
          <Fact name="Fetches">
            {source.fetches}, {source.failures ? <strong>{source.failures} failed</strong> : "none failed"}
          </Fact>
        </dl>
      </Section>
      <Section id="phases" title="Phases of syncs" note="all environments together">
        {p.phases?.length ? (
          <Table
            caption="Phases of syncs"
            sort=""
            rows={p.phases}
            id={(f) => f.name}
            columns={[
              { name: "name", title: "Phase", by: (f) => f.name, cell: (f) => plain(f.name) },
              { name: "count", title: "Times", by: (f) => f.count, cell: (f) => f.count, number: true },
              {
                name: "mean",
                title: "Mean",
                by: (f) => f.mean,
                cell: (f) => (f.mean < 1 ? `${Math.round(f.mean * 1000)} ms` : `${f.mean.toFixed(2)} s`),
                number: true,
              },
            ]}
          />
        ) : (
          <Empty>Nothing was synced yet.</Empty>
        )}
      </Section>
      <Section id="jenkins" title="Jenkins">
        {s.masters?.length ? (
          <Table
            caption="Jenkins"
            param="masters"
            sort="url"
            rows={s.masters}
            id={(m) => `${m.environment} ${m.namespace} ${m.url}`}
            columns={[
              { name: "url", title: "Address", by: (m) => m.url, cell: (m) => <Out to={m.url}>{plain(m.url)}</Out> },
              { name: "environment", title: "Environment", by: (m) => m.environment, cell: (m) => plain(m.environment) },
              { name: "state", title: "State", by: (m) => (m.up ? 1 : 0), cell: (m) => <Word of={m.up ? "Up" : "Down"} small /> },
              { name: "version", title: "Version", by: (m) => m.version ?? "", cell: (m) => plain(m.version) },
              { name: "read", title: "Read", by: (m) => m.lastRead ?? "", cell: (m) => <Ago at={m.lastRead} /> },
              { name: "reason", title: "Reason", cell: (m) => <Text>{m.reason}</Text> },
            ]}
          />
        ) : (
          <Empty command="kubectl get agentpools --all-namespaces">No pool names a Jenkins yet. This lists the pools of the cluster.</Empty>
        )}
      </Section>
      <p>
        <Copy text="majordomo check" /> <span class="muted">looks at all this from the command line.</span>
      </p>
    </>
  );
}
