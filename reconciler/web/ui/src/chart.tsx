// A chart of uPlot as a component: colours from the style sheet, time on the clock that the person has chosen, drag to zoom.
import uPlot from "uplot";
import { useEffect, useRef, useState } from "preact/hooks";
import { day, hours } from "./format";
import { choose, utc } from "./store";

export interface Line {
  name: string; // of its colour in the style sheet: --NAME
  label: string;
  values: number[];
  stacked?: boolean; // filled, upon those before it
  hatch?: "diagonal" | "dots" | "level";
  dash?: number[];
  unit?: (v: number) => string;
  scale?: "y" | "right";
}

export interface Mark {
  at: number;
  up: boolean;
  id: string; // of the element that says more
}

interface Props {
  label: string; // what is to be seen, in a sentence
  at: number[];
  lines: Line[];
  from: number;
  to: number;
  marks?: Mark[];
  right?: (v: number) => string; // writes the numbers of the scale on the right, where there is one
}

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const theme = useTheme();
  const zone = utc.value;
  const shape = props.lines.map((l) => l.name).join();

  useEffect(() => {
    const target = box.current!;
    const made = new uPlot(options(target, latest, setIndex), columns(latest.current), target);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height: tall(target) }));
    watch.observe(target);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [theme, zone, shape]);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    u.batch(() => {
      u.setData(columns(props), false);
      u.setScale("x", { min: props.from, max: props.to });
    });
  }, [props.at, props.from, props.to, props.lines, props.marks]);

  const shown = index ?? props.at.length - 1;
  return (
    <figure class="chart">
      <div ref={box} class="plot" role="img" aria-label={props.label} />
      <figcaption>
        <span class="when">{hours(props.at[shown] ?? 0, zone)}</span>
        {props.lines.map((l) => (
          <span key={l.name} class="key">
            <i class={`swatch of-${l.name}${l.stacked ? "" : " line"}`} />
            {l.label} <b>{l.values[shown] === undefined ? "–" : (l.unit ?? String)(l.values[shown]!)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const tall = (box: HTMLElement): number => (box.clientWidth < 480 ? 180 : 240);

/** columns are the data of uPlot: what is stacked is summed up, and drawn from the highest to the lowest. */
function columns({ at, lines }: Props): uPlot.AlignedData {
  let below = at.map(() => 0);
  const stacked = lines.filter((l) => l.stacked).map((l) => (below = below.map((b, i) => b + (l.values[i] ?? 0))));
  return [at, ...stacked.reverse(), ...lines.filter((l) => !l.stacked).map((l) => l.values)] as uPlot.AlignedData;
}

function options(box: HTMLElement, latest: { current: Props }, point: (i: number | null) => void): uPlot.Options {
  const { fontFamily } = getComputedStyle(box);
  const colour = painter(box);
  const { lines, right } = latest.current;
  const axis = { stroke: colour("muted"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false }, font: `12px ${fontFamily}` };
  const side = box.clientWidth < 480 ? 56 : 76; // what the scale on the right takes, or leaves free
  const drawn = [...lines.filter((l) => l.stacked).reverse(), ...lines.filter((l) => !l.stacked)];
  return {
    width: box.clientWidth,
    height: tall(box),
    legend: { show: false },
    padding: [14, right ? 0 : side, 0, 0],
    cursor: {
      sync: { key: "time", filters: { pub: (event) => event !== "mousedown" && event !== "mouseup" } },
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { time: true },
      y: { range: (_u, _min, max) => [0, Math.max(4, Math.ceil(max * 1.1))] },
      right: { range: (_u, _min, max) => [0, Math.max(60, max * 1.1)] },
    },
    axes: [
      { ...axis, values: (_u, splits, _i, _space, step) => splits.map((t) => tick(t, step)), space: 70, size: 30 },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
      ...(right
        ? [
            {
              ...axis,
              side: 1 as const,
              scale: "right",
              size: side,
              grid: { show: false },
              incrs: [10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400],
              values: (_u: uPlot, splits: number[]) => splits.map(right),
            },
          ]
        : []),
    ],
    tzDate: (t) => (utc.peek() ? uPlot.tzDate(new Date(t * 1000), "Etc/UTC") : new Date(t * 1000)),
    series: [{}, ...drawn.map((l) => curve(l, colour))],
    hooks: {
      setCursor: [(u) => point(u.cursor.idx ?? null)],
      setSelect: [zoom],
      draw: [(u) => marks(u, latest.current.marks ?? [], colour("text"))],
      ready: [(u) => u.over.addEventListener("click", () => follow(u, latest.current.marks ?? []))],
    },
  };
}

/** painter tells what a colour of the style sheet is in the theme that is shown. */
function painter(box: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = box.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function curve(l: Line, colour: (name: string) => string): uPlot.Series {
  const stroke = colour(l.name);
  return {
    label: l.label,
    scale: l.scale ?? "y",
    stroke,
    width: l.stacked ? 1 : 1.75,
    dash: l.dash,
    fill: l.stacked ? (u: uPlot) => hatched(u.ctx, stroke, colour("card"), l.hatch) : undefined,
    paths: uPlot.paths.stepped!({ align: 1 }),
    points: { show: false },
  };
}

/** hatched is a filling that can be told from others without its colour. */
function hatched(on: CanvasRenderingContext2D, stroke: string, paper: string, hatch: Line["hatch"]): CanvasRenderingContext2D["fillStyle"] {
  const size = 8 * devicePixelRatio;
  const tile = new OffscreenCanvas(size, size);
  const c = tile.getContext("2d")!;
  c.fillStyle = paper;
  c.fillRect(0, 0, size, size);
  c.globalAlpha = hatch ? 0.28 : 0.75;
  c.fillStyle = c.strokeStyle = stroke;
  c.fillRect(0, 0, size, size);
  c.globalAlpha = 0.85;
  c.lineWidth = devicePixelRatio;
  c.beginPath();
  if (hatch === "diagonal") for (const d of [-size, 0, size]) lineOf(c, d, size, d + size, 0);
  if (hatch === "level") lineOf(c, 0, size / 2, size, size / 2);
  if (hatch === "dots") c.arc(size / 2, size / 2, 1.4 * devicePixelRatio, 0, 2 * Math.PI);
  if (hatch === "dots") c.fill();
  else c.stroke();
  return on.createPattern(tile as unknown as CanvasImageSource, "repeat") ?? stroke;
}

function lineOf(c: OffscreenCanvasRenderingContext2D, x: number, y: number, toX: number, toY: number): void {
  c.moveTo(x, y);
  c.lineTo(toX, toY);
}

/** tick writes a moment on the axis: days where they are far apart, seconds where they are near. */
function tick(t: number, step: number): string {
  const midnight = hours(t, utc.peek()) === "00:00:00";
  return step >= 86400 || midnight ? day(t, utc.peek()) : hours(t, utc.peek(), step < 60);
}

/** zoom takes what was dragged over as the time to show. */
function zoom(u: uPlot): void {
  const { left, width } = u.select;
  if (width < 5) return;
  const [from, to] = [Math.floor(u.posToVal(left, "x")), Math.ceil(u.posToVal(left + width, "x"))];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  choose({ from: String(from), to: String(Math.max(to, from + 30)), range: undefined }, true);
}

/** marks draws a triangle above each decision: its point says up or down. */
function marks(u: uPlot, all: Mark[], colour: string): void {
  const { ctx: c } = u;
  const r = 4 * devicePixelRatio;
  c.save();
  c.fillStyle = colour;
  for (const m of all) {
    const x = u.valToPos(m.at, "x", true);
    if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
    const y = u.bbox.top - r - devicePixelRatio;
    c.beginPath();
    c.moveTo(x - r, m.up ? y + r : y - r);
    c.lineTo(x + r, m.up ? y + r : y - r);
    c.lineTo(x, m.up ? y - r : y + r);
    c.fill();
  }
  c.restore();
}

/** follow leads from a mark to the line of the log that says why. */
function follow(u: uPlot, all: Mark[]): void {
  const x = u.cursor.left ?? -1;
  const near = all.find((m) => Math.abs(u.valToPos(m.at, "x") - x) < 6);
  const row = near && document.getElementById(near.id);
  row?.focus();
}

/** useTheme changes with the colours of the page. */
function useTheme(): string {
  const read = () => `${document.documentElement.dataset.theme ?? ""} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  const [theme, setTheme] = useState(read);
  useEffect(() => {
    const look = () => setTheme(read());
    const watch = new MutationObserver(look);
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const query = matchMedia("(prefers-color-scheme: dark)");
    query.addEventListener("change", look);
    return () => {
      watch.disconnect();
      query.removeEventListener("change", look);
    };
  }, []);
  return theme;
}
