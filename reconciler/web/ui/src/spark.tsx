// The small chart on the card of a pool: agents by what they do, and the line of what is wanted.
import { useEffect } from "preact/hooks";
import { plural } from "./format";
import { type Pool, type Series, key } from "./model";
import { period } from "./store";
import { seriesName, seriesOf, want } from "./series";

const [width, height] = [300, 56];
const layers = ["busy", "idle", "starting", "draining"] as const;

export function Spark({ pool }: { pool: Pool }) {
  const name = seriesName(key(pool));
  const loaded = seriesOf(name);
  useEffect(() => want(key(pool), period.peek()), [name, !loaded]);
  const series = loaded?.series;
  const n = series?.at?.length ?? 0;
  if (!series || n < 2) return <div class="spark empty">{loaded?.error ? "no history: " + loaded.error : loaded?.series ? "no history yet" : ""}</div>;
  const { paths, wanted, most } = drawn(series);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`agents over time: at most ${plural(most, "agent")}, now ${pool.busy} busy and ${pool.idle} idle`}
    >
      {paths.map((d, i) => (
        <path key={layers[3 - i]} class={`area of-${layers[3 - i]}`} d={d} />
      ))}
      <path class="wanted" d={wanted} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** drawn are the areas, one upon the other, as steps, and the line. */
function drawn(s: Series): { paths: string[]; wanted: string; most: number } {
  const at = s.at ?? [];
  const [first, last] = [at[0]!, at[at.length - 1]!];
  const x = (i: number): number => Math.round((width * (at[i]! - first) * 10) / Math.max(1, last - first)) / 10;
  const total = at.map((_, i) => layers.reduce((sum, l) => sum + (s[l][i] ?? 0), 0));
  const most = Math.max(1, ...total, ...s.desired);
  const y = (v: number): number => Math.round((height - 2 - ((height - 4) * v) / most) * 10) / 10;
  const line = (values: number[]): string => values.map((v, i) => (i ? `H${x(i)}V${y(v)}` : `M${x(0)} ${y(v)}`)).join("");
  let below = at.map(() => 0);
  const paths = layers.map((layer) => {
    below = below.map((b, i) => b + (s[layer][i] ?? 0));
    return below;
  });
  return { paths: paths.map((p) => `${line(p)}V${height}H0Z`).reverse(), wanted: line(s.desired), most: Math.max(0, ...total) };
}
