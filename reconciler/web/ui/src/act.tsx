// What a person may do, each thing with a question before it.
import { useState } from "preact/hooks";
import { post, reason } from "./api";
import { Dialog } from "./parts";
import { notice } from "./store";

export interface Field {
  name: string;
  label: string;
  kind?: "number" | "text";
  value?: string;
  hint?: string;
  min?: number;
  max?: number;
  required?: boolean;
}

export interface Act {
  title: string; // of the button and of the question
  path: string;
  question: string; // what will happen, in a sentence
  fields?: Field[];
  fixed?: object; // what else is sent
  grave?: boolean;
}

/** why asks for a reason. */
export const why: Field = { name: "reason", label: "Reason", hint: "One sentence for those who come after you. It is written down with your name." };

/** Button asks, and then acts. */
export function Button({ act, small }: { act: Act; small?: boolean }) {
  const [asked, ask] = useState(false);
  return (
    <>
      <button type="button" class={`${act.grave ? "grave" : ""}${small ? " small" : ""}`} onClick={() => ask(true)}>
        {act.title}
      </button>
      {asked && <Question act={act} close={() => ask(false)} />}
    </>
  );
}

function Question({ act, close }: { act: Act; close: () => void }) {
  const title = act.title.replace("…", "");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const send = async (e: SubmitEvent) => {
    e.preventDefault();
    setBusy(true);
    const form = new FormData(e.target as HTMLFormElement);
    const body: Record<string, unknown> = { ...act.fixed };
    for (const f of act.fields ?? []) {
      const value = String(form.get(f.name) ?? "").trim();
      if (value) body[f.name] = f.kind === "number" ? Number(value) : value;
    }
    try {
      notice.value = { text: await post(act.path, body) };
      close();
    } catch (e) {
      setBusy(false);
      setProblem(reason(e));
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={send}>
        <p>{act.question}</p>
        {act.fields?.map((f) => (
          <Input key={f.name} field={f} />
        ))}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="submit" class={act.grave ? "grave primary" : "primary"} disabled={busy}>
            {title}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Input({ field: f }: { field: Field }) {
  const id = `field-${f.name}`;
  return (
    <p class="field">
      <label for={id}>{f.label}</label>
      <input
        id={id}
        name={f.name}
        type={(f.kind ?? "text") as "text"}
        defaultValue={f.value}
        min={f.min}
        max={f.max}
        required={f.required}
        maxLength={500}
        autocomplete="off"
        aria-describedby={f.hint ? `${id}-hint` : undefined}
      />
      {f.hint && (
        <small id={`${id}-hint`} class="muted">
          {f.hint}
        </small>
      )}
    </p>
  );
}
