// How numbers, times and texts of others are written. Everything here is pure: the time of now is an argument.

/** span writes a length of time in seconds with its two largest units: 45 s, 3 min 10 s, 2 h 5 min, 4 d 3 h. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const [unit, small, size, part] =
    s < 3600 ? ["min", "s", 60, 1] : s < 86400 ? ["h", "min", 3600, 60] : (["d", "h", 86400, 3600] as [string, string, number, number]);
  const rest = Math.floor((s % (size as number)) / (part as number));
  const whole = `${Math.floor(s / (size as number))} ${unit}`;
  return rest ? `${whole} ${rest} ${small}` : whole;
}

/** coarse is span with one unit, for ages that nobody reads to the second. */
export function coarse(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 2 * 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** seconds is the moment of a text in RFC 3339, undefined for none: Go writes an absent time as that of the year 1. */
export function seconds(time: string | undefined): number | undefined {
  if (!time) return undefined;
  const at = Date.parse(time) / 1000;
  return Number.isNaN(at) || at <= 0 ? undefined : at;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** fields are the parts of a moment in UTC or in the time zone of the browser. */
function fields(at: number, utc: boolean) {
  const d = new Date(at * 1000);
  return utc
    ? { year: d.getUTCFullYear(), month: d.getUTCMonth(), day: d.getUTCDate(), h: d.getUTCHours(), m: d.getUTCMinutes(), s: d.getUTCSeconds() }
    : { year: d.getFullYear(), month: d.getMonth(), day: d.getDate(), h: d.getHours(), m: d.getMinutes(), s: d.getSeconds() };
}

export function hours(at: number, utc: boolean, withSeconds = true): string {
  const f = fields(at, utc);
  return `${two(f.h)}:${two(f.m)}${withSeconds ? `:${two(f.s)}` : ""}`;
}

export function day(at: number, utc: boolean): string {
  const f = fields(at, utc);
  return `${f.day} ${months[f.month]}`;
}

/** clock writes a moment of the last half day as a time, another one with its day. */
export function clock(at: number, now: number, utc: boolean): string {
  const near = Math.abs(now - at) < 12 * 3600;
  return near ? hours(at, utc) : `${day(at, utc)} ${hours(at, utc, false)}`;
}

/** full is a moment without any doubt. */
export function full(at: number, utc: boolean): string {
  const f = fields(at, utc);
  return `${f.year}-${two(f.month + 1)}-${two(f.day)} ${hours(at, utc)}${utc ? " UTC" : ""}`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? `1 ${one}` : `${n} ${many}`;
}

/** lasted writes a duration of Go, 1m3.25s, as a length of time; fractions are kept below ten seconds. */
export function lasted(text: string | undefined): string {
  const total = duration(text);
  if (total === undefined) return "";
  if (total < 1) return `${Math.round(total * 1000)} ms`;
  return total < 10 ? `${total.toFixed(1)} s` : span(total);
}

const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9 };

/** duration reads what Go writes for a time.Duration. */
export function duration(text: string | undefined): number | undefined {
  let total = 0;
  let found = false;
  for (const [, number, unit] of (text ?? "").matchAll(/([\d.]+)(h|ms|µs|us|ns|m|s)/g)) {
    total += Number(number) * (units[unit!] ?? 0);
    found = true;
  }
  return found ? total : undefined;
}

export function bytes(n: number): string {
  if (n < 1 << 20) return `${Math.round(n / 1024)} KiB`;
  return `${(n / (1 << 20)).toFixed(n < 100 << 20 ? 1 : 0)} MiB`;
}

export function percent(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((100 * part) / whole)} %` : "–";
}

export const short = (revision: string | undefined): string => (revision ?? "").slice(0, 7);

/** plain makes a text of somebody else safe to read: what controls a terminal or turns the direction of writing is shown as a box. */
export function plain(text: string | undefined): string {
  return (text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");
}

/** link is an address that a page may lead to: http or https, without a password. */
export function link(url: string | undefined): string | undefined {
  if (!url) return undefined;
  try {
    const u = new URL(url);
    return (u.protocol === "https:" || u.protocol === "http:") && !u.username && !u.password ? u.href : undefined;
  } catch {
    return undefined;
  }
}
