// Numbers and times as people read them. Unknown is a dash, never a 0.
import type { Counter, Metric, Verdicts } from './api/words';

const nothing = '–';

const scaled = (n: number, units: string[], gap: string): string => {
  let i = 0;
  let v = Math.abs(n);
  while (v >= 999.5 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  const text =
    i === 0 ? String(Math.round(v)) : v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2);
  return `${n < 0 ? '−' : ''}${text}${units[i] ? gap + units[i] : ''}`;
};

export const bytes = (n: number | null | undefined): string =>
  n == null ? nothing : scaled(n, ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'], ' ');

/** count is short: 1.34k, 12.0M; below a thousand it is exact. */
export const count = (n: number | null | undefined): string =>
  n == null ? nothing : scaled(n, ['', 'k', 'M', 'G', 'T'], '').replace(/\.0+(?=[kMGT])/, '');

/** exact groups digits: 1 284 503. */
export const exact = (n: number | null | undefined): string =>
  n == null ? nothing : Math.round(n).toLocaleString('en-US');

export const percent = (part: number): string => {
  const v = part * 100;
  if (v > 0 && v < 0.1) return '< 0.1 %';
  if (v < 100 && v > 99.9) return '> 99.9 %';
  return `${v.toFixed(v % 1 < 0.05 || v % 1 > 0.95 ? 0 : 1)} %`;
};

export const metricOf = (c: Counter | undefined, m: Metric): number | null => {
  if (!c) return null;
  const v = m === 'bytes' ? c.b : m === 'packets' ? c.p : m === 'opened' ? c.o : c.r;
  return v ?? null;
};

export const quantity = (n: number | null | undefined, m: Metric): string =>
  m === 'bytes' ? bytes(n) : count(n);

/** unit of a metric after a number; bytes bring their own. */
export const unit = (m: Metric): string => (m === 'bytes' ? '' : ` ${m}`);

/** sum adds what is known; null when nothing is. */
export const sum = (list: (number | null | undefined)[]): number | null => {
  let n: number | null = null;
  for (const v of list) if (v != null) n = (n ?? 0) + v;
  return n;
};

export const passed = (v: Verdicts, m: Metric): number | null =>
  sum([metricOf(v.allowed, m), metricOf(v.unknown, m)]);
export const stopped = (v: Verdicts): number => (v.denied?.r ?? 0) + (v.dropped?.r ?? 0);
export const recordsOf = (v: Verdicts): number =>
  (v.allowed?.r ?? 0) + (v.denied?.r ?? 0) + (v.dropped?.r ?? 0) + (v.unknown?.r ?? 0);

const two = (n: number): string => String(n).padStart(2, '0');
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Times are shown in UTC, as the logs write them. */
export const clock = (t: number): string => {
  const d = new Date(t);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
};
export const day = (t: number): string => {
  const d = new Date(t);
  return `${d.getUTCDate()} ${months[d.getUTCMonth()]}`;
};
const year = (t: number): number => new Date(t).getUTCFullYear();
export const stamp = (t: number): string => `${day(t)} ${year(t)} ${clock(t)}`;
export const seconds = (t: number): string => new Date(t).toISOString().slice(11, 19);

/** span is "13:00 – 18:30" on one day, with days when there are several. */
export const span = (from: number, to: number): string =>
  day(from) === day(to - 1) && year(from) === year(to - 1)
    ? `${clock(from)} – ${to - from > 0 && clock(to) === '00:00' ? '24:00' : clock(to)}`
    : `${day(from)} ${clock(from)} – ${day(to)} ${clock(to)}`;

export const dates = (from: number, to: number): string =>
  day(from) === day(to - 1) ? `${day(from)} ${year(from)}` : `${day(from)} – ${day(to - 1)} ${year(to - 1)}`;

export const length = (ms: number): string => {
  const min = Math.round(ms / 60000);
  if (min < 1) return `${Math.round(ms / 1000)} s`;
  const d = Math.floor(min / 1440);
  const h = Math.floor((min % 1440) / 60);
  return [d && `${d} d`, h && `${h} h`, min % 60 && d === 0 ? `${min % 60} min` : '']
    .filter(Boolean)
    .join(' ');
};

/** step of a bucket in words: "5 min buckets". */
export const bucket = (s: number): string =>
  s >= 86400
    ? `${Math.round(s / 8640) / 10} d`
    : s >= 3600
      ? `${Math.round(s / 360) / 10} h`
      : `${Math.round(s / 6) / 10} min`;
