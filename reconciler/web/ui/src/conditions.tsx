// What is true of an environment or a pool, in the form that all of Kubernetes uses.
import { plain } from "./format";
import type { Condition } from "./model";
import { Ago, Section, Text, Word } from "./parts";
import { Table } from "./table";

export function Conditions({ conditions }: { conditions: Condition[] }) {
  if (conditions.length === 0) return null;
  return (
    <Section id="conditions" title="Conditions">
      <Table
        caption="Conditions"
        param="conditions"
        sort=""
        rows={conditions}
        id={(c) => c.type}
        columns={[
          { name: "type", title: "Condition", cell: (c) => plain(c.type) },
          { name: "status", title: "Status", cell: (c) => <Word of={c.status} small /> },
          { name: "reason", title: "Reason", cell: (c) => plain(c.reason) },
          { name: "message", title: "Message", cell: (c) => <Text>{c.message}</Text> },
          { name: "since", title: "Since", cell: (c) => <Ago at={c.lastTransitionTime} bare /> },
        ]}
      />
    </Section>
  );
}
