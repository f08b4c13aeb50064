// What a sync would do now. It is asked for when somebody wants to see it: it costs a look at the cluster.
import { useEffect, useState } from "preact/hooks";
import { ask, reason } from "./api";
import { plain, plural, short } from "./format";
import type { Plan, Step } from "./model";
import { Ago, Copy, Empty, Section, Text, Word } from "./parts";
import { choose, query } from "./store";

const order = ["refuse", "prune", "create", "update", "keep"];

export function PlanView({ name }: { name: string }) {
  const open = query.value.has("plan");
  const [plan, setPlan] = useState<Plan>();
  const [problem, setProblem] = useState<string>();
  const load = async () => {
    setProblem(undefined);
    try {
      setPlan(await ask<Plan>(`/api/v1/environments/${encodeURIComponent(name)}/plan`));
    } catch (e) {
      setProblem(reason(e));
    }
  };
  useEffect(() => {
    setPlan(undefined);
    if (open) void load();
  }, [name, open]);
  const tools = open ? (
    <>
      <button type="button" onClick={load}>
        Look again
      </button>
      <button type="button" onClick={() => choose({ plan: undefined })}>
        Close
      </button>
    </>
  ) : (
    <button type="button" onClick={() => choose({ plan: "1" })}>
      Show the plan
    </button>
  );
  return (
    <Section id="plan" title="Plan" note="what a sync would do now" tools={tools}>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {open && !plan && !problem && <p class="muted">Looking at the cluster…</p>}
      {open && plan && <Steps plan={plan} />}
      {open && <Copy text={`majordomo plan ${name}`} />}
    </Section>
  );
}

function Steps({ plan }: { plan: Plan }) {
  const steps = plan.steps ?? [];
  const changes = steps.filter((s) => s.op !== "keep").sort((a, b) => order.indexOf(a.op) - order.indexOf(b.op));
  const kept = steps.length - changes.length;
  return (
    <>
      <p>
        <Text>{plan.line}</Text>{" "}
        <span class="muted">
          <span class="mono">{short(plan.commit)}</span>, <Ago at={plan.at} />
        </span>
      </p>
      {changes.length === 0 && <Empty>The cluster is as Git says: a sync would change nothing.</Empty>}
      {changes.map((s) => (
        <StepView key={`${s.op} ${s.object}`} step={s} open={changes.length <= 5} />
      ))}
      {changes.length > 0 && kept > 0 && <p class="muted">{plural(kept, "object stays as it is", "objects stay as they are")}.</p>}
    </>
  );
}

function StepView({ step: s, open }: { step: Step; open: boolean }) {
  return (
    <details class={`step op-${plain(s.op)}`} open={open}>
      <summary>
        <Word of={s.op} small />{" "}
        <span class="mono">
          <Text>{s.object}</Text>
        </span>{" "}
        <span class="muted">
          <Text>{s.reason}</Text>
        </span>
      </summary>
      {s.fields?.map((f) => (
        <div key={f.path} class="change">
          <p class="mono">
            <Text>{f.path}</Text>
          </p>
          {f.text ? <Diff text={f.text} /> : <Diff text={sides(f.from, f.to)} />}
        </div>
      ))}
      {s.text && <Diff text={s.op === "create" ? sides(undefined, s.text) : s.text} />}
      {!s.fields?.length && !s.text && s.op === "create" && <p class="muted">All of it is new.</p>}
    </details>
  );
}

const json = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** sides are what is there and what will be, as the lines of a diff. */
function sides(from: unknown, to: unknown): string {
  const lines = (sign: string, value: unknown) =>
    value === undefined || value === null || value === ""
      ? []
      : json(value)
          .split("\n")
          .map((l) => sign + l);
  return [...lines("-", from), ...lines("+", to)].join("\n");
}

/** Diff shows the lines of a diff, each with its sign. */
function Diff({ text }: { text: string }) {
  return (
    <pre class="diff">
      {text.split("\n").map((line, i) => {
        const C = line.startsWith("-") ? "del" : line.startsWith("+") ? "ins" : "span";
        return (
          <C key={i}>
            {plain(line)}
            {"\n"}
          </C>
        );
      })}
    </pre>
  );
}
