// A prune that waits for a person.
import { Button, why } from "./act";
import { plain, plural } from "./format";
import type { Environment } from "./model";
import { Copy, Text } from "./parts";
import { may } from "./store";

/** Held says what a prune would delete, and lets it go on. */
export function Held({ e }: { e: Environment }) {
  const held = e.held!;
  const objects = held.objects ?? [];
  return (
    <aside class="callout held" aria-label={`Held prune of ${plain(e.name)}`}>
      <p class="title">A prune waits for approval</p>
      <p>
        <Text>{held.reason}</Text>
      </p>
      <details>
        <summary>{plural(objects.length, "object")} would be deleted</summary>
        <ul class="objects">
          {objects.map((o) => (
            <li key={o}>
              <Text>{o}</Text>
            </li>
          ))}
        </ul>
      </details>
      {may("environments", e.name, "approve") ? (
        <Button
          act={{
            title: "Approve…",
            path: `/api/v1/environments/${encodeURIComponent(e.name)}/approve`,
            question: `${plural(objects.length, "object")} of ${e.name} will be deleted. This cannot be taken back.`,
            fields: [why],
            fixed: { hash: held.hash },
            grave: true,
          }}
        />
      ) : (
        <Copy text={`majordomo approve ${e.name} ${held.hash}`} />
      )}
    </aside>
  );
}
