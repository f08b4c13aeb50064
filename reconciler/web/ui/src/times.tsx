// The time that charts and history show.
import { clock } from "./format";
import { ranges } from "./route";
import { choose, now, period, query, utc } from "./store";

export function Times({ otherwise }: { otherwise: string }) {
  const { from, to, live } = period.value;
  const chosen = live ? (query.value.get("range") ?? otherwise) : "";
  return (
    <span class="times" role="group" aria-label="Time">
      {!live && (
        <button type="button" aria-label="Back to the newest" onClick={() => choose({ from: undefined, to: undefined }, true)}>
          {clock(from, now.peek(), utc.value)} – {clock(to, now.peek(), utc.value)} ✕
        </button>
      )}
      <span class="segments">
        {Object.keys(ranges).map((r) => (
          <button key={r} type="button" aria-pressed={r === chosen} onClick={() => choose({ range: r, from: undefined, to: undefined }, true)}>
            {r.replace(/[a-z]/, " $&")}
          </button>
        ))}
      </span>
    </span>
  );
}
