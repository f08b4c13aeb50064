// What is told of an environment wherever it is shown.
import { lasted } from "./format";
import type { Environment } from "./model";
import { Ago, Fact } from "./parts";

export function Objects({ e: { objects: o } }: { e: Environment }) {
  return (
    <Fact name="Objects">
      {o.ready} of {o.total} ready
      {o.failed > 0 && <strong>, {o.failed} failed</strong>}
      {o.refused > 0 && <strong>, {o.refused} refused</strong>}
    </Fact>
  );
}

export function LastSync({ e }: { e: Environment }) {
  const y = e.lastSync;
  if (!y) return <Fact name="Last sync">none yet</Fact>;
  const changes = [
    y.created && `${y.created} created`,
    y.updated && `${y.updated} updated`,
    y.pruned && `${y.pruned} pruned`,
    y.failed && `${y.failed} failed`,
  ];
  return (
    <Fact name="Last sync">
      <Ago at={y.time} />
      <span class="muted">
        , {lasted(y.duration)}; {changes.filter(Boolean).join(", ") || "no changes"}
      </span>
    </Fact>
  );
}
