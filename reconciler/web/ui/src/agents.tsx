// The agents of a pool.
import { useMemo } from "preact/hooks";
import { Button } from "./act";
import { link, plain, plural, seconds } from "./format";
import { type Agent, type Pool, called, key } from "./model";
import { Ago, Empty, Out, Section, Text, Word } from "./parts";
import { poolPath } from "./route";
import { Search } from "./search";
import { filter, may } from "./store";
import { type Column, Table } from "./table";

export function Agents({ p }: { p: Pool }) {
  const wanted = filter("agents").toLowerCase();
  const all = p.agents ?? [];
  const shown = useMemo(
    () => (wanted ? all.filter((a) => `${a.name} ${a.node ?? ""} ${a.state} ${a.build ?? ""} ${a.reason ?? ""}`.toLowerCase().includes(wanted)) : all),
    [all, wanted],
  );
  const drains = may("pools", key(p), "drain");
  const columns = useMemo(() => columnsOf(p, drains), [key(p), drains]);
  const note = `${shown.length === all.length ? all.length : `${shown.length} of ${all.length}`}${p.agentsOmitted ? `, and ${p.agentsOmitted} that are not listed` : ""}`;
  return (
    <Section id="agents" title="Agents" note={note} tools={all.length > 0 && <Search label="Filter agents" param="agents" />}>
      {all.length === 0 && (
        <Empty command={`majordomo explain ${called(p)}`}>
          {p.desired > 0 ? `No agent is there yet; ${plural(p.desired, "is", "are")} wanted.` : "No agent is there, and none is wanted."} This says why.
        </Empty>
      )}
      {all.length > 0 && <Table caption={`Agents of ${plain(p.name)}`} rows={shown} id={(a) => a.name || (a.node ?? "")} sort="state" columns={columns} />}
    </Section>
  );
}

function columnsOf(p: Pool, drains: boolean): Column<Agent>[] {
  const columns: Column<Agent>[] = [
    {
      name: "name",
      title: "Agent",
      by: (a) => a.name || (a.node ?? ""),
      cell: (a) => (
        <span class="mono">
          <Text>{a.name || a.node}</Text>
          {a.node && a.name && a.node !== a.name && (
            <small class="muted">
              {" "}
              node <Text>{a.node}</Text>
            </small>
          )}
        </span>
      ),
    },
    { name: "state", title: "State", by: (a) => a.state, cell: (a) => <Word of={a.state} small /> },
    { name: "since", title: "Since", by: (a) => -(seconds(a.since) ?? 0), cell: (a) => <Ago at={a.since} bare />, number: true },
    { name: "build", title: "Build", by: (a) => a.build ?? "\uffff", cell: (a) => a.build && <Out to={a.build}>{build(a.build)}</Out> },
    { name: "reason", title: "Reason", by: (a) => a.reason ?? "", cell: (a) => <Text>{a.reason}</Text> },
  ];
  if (drains) columns.push({ name: "act", title: "Action", cell: (a) => a.name && a.state !== "draining" && <Drain p={p} a={a} /> });
  return columns;
}

function Drain({ p, a }: { p: Pool; a: Agent }) {
  const question = `${plain(a.name)} takes no further build, ends the one that it has, and goes.`;
  return (
    <Button
      small
      act={{
        title: "Drain",
        path: `/api/v1${poolPath(key(p))}/drain`,
        question,
        fixed: { agent: a.name },
        fields: [{ name: "reason", label: "Reason", required: true }],
        grave: true,
      }}
    />
  );
}

/** build is the address of a build as people call it: folder/job #12. */
function build(address: string): string {
  const url = link(address);
  if (!url) return plain(address);
  const path = new URL(url).pathname;
  const parts = [...path.matchAll(/\/job\/([^/]+)/g)].map(([, name]) => decode(name!));
  const number = /\/(\d+)\/?$/.exec(path)?.[1];
  return parts.length ? plain(parts.join("/")) + (number ? ` #${number}` : "") : plain(address);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
