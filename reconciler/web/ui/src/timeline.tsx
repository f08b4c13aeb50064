// What has happened, the newest first.
import { day, plain, seconds, short } from "./format";
import type { Entry } from "./model";
import { At, Of, Text } from "./parts";
import { utc } from "./store";

/** kinds are the sorts of entries, and what they are called. */
export const kinds: Record<string, string> = {
  sync: "sync",
  drift: "repair",
  hold: "held prune",
  state: "state",
  scale: "scaling",
  rollout: "rollout",
  jenkins: "Jenkins",
  action: "by hand",
  fault: "fault",
};

export function Timeline({ entries }: { entries: Entry[] }) {
  return (
    <ol class="timeline">
      {entries.map((e) => (
        <li key={e.id} class={e.bad ? "bad" : undefined}>
          <At at={e.at} />
          <span class={`kind of-${e.kind}`}>{kinds[e.kind] ?? plain(e.kind)}</span>
          <span class="what">
            <Of environment={e.environment} pool={e.pool} /> <Text>{e.text}</Text>
            {(e.revision || e.actor) && (
              <span class="muted">
                {e.revision && <span class="mono"> {short(e.revision)}</span>}
                {e.actor && (
                  <>
                    {" "}
                    by <Text>{e.actor}</Text>
                  </>
                )}
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** days groups entries by the day on the clock. */
export function days(entries: Entry[]): { day: string; entries: Entry[] }[] {
  const groups: { day: string; entries: Entry[] }[] = [];
  for (const e of entries) {
    const name = day(seconds(e.at) ?? 0, utc.value);
    const last = groups[groups.length - 1];
    if (last?.day === name) last.entries.push(e);
    else groups.push({ day: name, entries: [e] });
  }
  return groups;
}
