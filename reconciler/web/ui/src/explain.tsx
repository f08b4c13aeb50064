// Why a pool has as many agents as it has: what majordomo explain says, in the same words.
import { plain, plural } from "./format";
import { type Decision, type Pool, called, key } from "./model";
import { decisionID } from "./charts";
import { At, Copy, Empty, Section, Text, Until } from "./parts";

export function Explain({ p }: { p: Pool }) {
  const d = p.decision;
  return (
    <div class="split">
      <Section id="explain" title="Why" tools={<Copy text={`majordomo explain ${called(p)}`} />}>
        {d ? <Computation p={p} d={d} /> : <Empty command={`majordomo explain ${called(p)}`}>Nothing was decided for this pool yet.</Empty>}
      </Section>
      <Section id="decisions" title="Decisions" note="that changed the number of agents">
        <Log p={p} />
      </Section>
    </div>
  );
}

function Computation({ p, d }: { p: Pool; d: Decision }) {
  return (
    <div class="explain">
      <p class="lead">
        <b>{d.from === d.to ? d.to : `${d.from} → ${d.to}`}</b> <Text>{d.reason}</Text>{" "}
        <span class="muted">
          at <At at={d.at} />
        </span>
      </p>
      <dl>
        <Terms d={d} />
        <Limits d={d} />
        <Gates d={d} />
        <div>
          <dt>Next</dt>
          <dd>
            {d.next ? (
              <>
                <Until at={d.next} />
                {d.nextReason && (
                  <>
                    : <Text>{d.nextReason}</Text>
                  </>
                )}
              </>
            ) : (
              "nothing changes by itself"
            )}
          </dd>
        </div>
        {d.spec && (
          <div>
            <dt>Rests on</dt>
            <dd>
              <Text>{d.spec}</Text>
            </dd>
          </div>
        )}
      </dl>
      {p.notScaledUp && (
        <p>
          Not scaled up further because: <Text>{p.notScaledUp.replace(/\.$/, "")}</Text>.
        </p>
      )}
      {p.notScaledDown && (
        <p>
          Not scaled down because: <Text>{p.notScaledDown.replace(/\.$/, "")}</Text>.
        </p>
      )}
    </div>
  );
}

/** decisive is the term that set the number; where a limit did, the term that it cut. */
function decisive(d: Decision): string {
  const terms = d.terms ?? [];
  if (terms.some((t) => t.name === d.term)) return d.term;
  return terms.reduce((best, t) => (t.agents > best.agents ? t : best), { name: "", agents: 0 }).name;
}

function Terms({ d }: { d: Decision }) {
  const terms = d.terms ?? [];
  if (terms.length === 0) return null;
  const told = terms.filter((t, i) => i === 0 || t.agents > terms[0]!.agents || t.name === d.term);
  const others = terms.filter((t) => !told.includes(t)).map((t) => plain(t.name));
  const set = decisive(d);
  return (
    <div>
      <dt>Formula</dt>
      <dd>
        <ul class="terms">
          {told.map((t) => (
            <li key={t.name} class={t.name === set ? "set" : undefined}>
              <span>{plain(t.name)}</span> <b>{t.agents}</b> <Text>{t.reason}</Text>
            </li>
          ))}
        </ul>
        {others.length > 0 && <p class="muted">no more by {others.join(", ")}</p>}
      </dd>
    </div>
  );
}

function Limits({ d }: { d: Decision }) {
  if (!d.limits?.length) return null;
  return (
    <div>
      <dt>Limits</dt>
      <dd>
        <ul class="terms">
          {d.limits.map((l) => (
            <li key={l.name} class={l.cut ? "cut" : undefined}>
              <span>{plain(l.name)}</span> <b>{l.value}</b>
              <span>
                {l.cut && (l.name === "min" ? "raises" : "limits")}
                {l.cut && l.reason && ": "}
                <Text>{l.reason}</Text>
              </span>
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}

function Gates({ d }: { d: Decision }) {
  const gates = d.gates ?? [];
  if (gates.length === 0) return null;
  const open = gates.filter((g) => g.open).map((g) => plain(g.name));
  return (
    <div>
      <dt>Scaling down</dt>
      <dd>
        <ul class="gates">
          {open.length > 0 && <li class="open">{open.join(", ")}</li>}
          {gates
            .filter((g) => !g.open)
            .map((g) => (
              <li key={g.name} class="shut">
                {plain(g.name)}: <Text>{g.reason}</Text>
              </li>
            ))}
        </ul>
      </dd>
    </div>
  );
}

function Log({ p }: { p: Pool }) {
  if (!p.history?.length) return <Empty>The number of agents has not changed yet.</Empty>;
  return (
    <ol class="timeline decisions" aria-label={`Decisions for ${key(p)}, ${plural(p.history.length, "entry", "entries")}`}>
      {p.history.map((c) => (
        <li key={c.at} id={decisionID(c.at)} tabIndex={-1}>
          <At at={c.at} />
          <span class={c.to > c.from ? "turn up" : "turn down"}>
            {c.from} → {c.to}
          </span>
          <span class="what">
            <Text>{c.reason}</Text>
          </span>
        </li>
      ))}
    </ol>
  );
}
