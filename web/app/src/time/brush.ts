// The time brush without a browser: bars, snapping, and what a drag means.
import type { Timeline } from '../api/panels';
import type { Verdict } from '../api/words';

export interface BarShape {
  i: number;
  x: number;
  w: number;
  /** y and height of what is there, from the bottom up. */
  parts: { v: Verdict; y: number; h: number }[];
  at: number; // time
}

const share = 0.2; // of the height, for stopped records where the unit is another
const order: Verdict[] = ['allowed', 'unknown', 'denied', 'dropped'];
const isStopped = (v: Verdict): boolean => v === 'denied' || v === 'dropped';

/** bars stacks the verdicts of each bin. Bytes of what was let through and records of what was stopped have scales of their own. */
export function bars(
  t: Timeline,
  metric: 'bytes' | 'records' | 'packets',
  window: [number, number],
  w: number,
  h: number,
  top = 0,
): BarShape[] {
  const columns = order.map((v) => t[v]?.[isStopped(v) ? 'records' : metric]);
  const n = Math.max(0, ...columns.map((c) => c?.length ?? 0));
  const at = (k: number, i: number) => columns[k]?.[i] ?? 0;
  const same = metric === 'records';
  let [most, mostNo] = [1, 1];
  for (let i = 0; i < n; i++) {
    const [through, no] = [at(0, i) + at(1, i), at(2, i) + at(3, i)];
    most = Math.max(most, through + (same ? no : 0));
    mostNo = Math.max(mostNo, no);
  }
  const all = h - top;
  const scale = (v: Verdict) =>
    same ? all / most : isStopped(v) ? (all * share) / mostNo : (all * (1 - share)) / most;
  const out: BarShape[] = [];
  const span = window[1] - window[0];
  for (let i = 0; i < n; i++) {
    const begin = Date.parse(t.t0) + i * t.step * 1000;
    const x0 = ((begin - window[0]) / span) * w;
    const x1 = ((begin + t.step * 1000 - window[0]) / span) * w;
    if (x1 <= 0 || x0 >= w) continue;
    const gap = x1 - x0 > 4 ? 1.5 : x1 - x0 > 2 ? 0.6 : 0;
    let y = h;
    const parts: BarShape['parts'] = [];
    order.forEach((v, k) => {
      const value = at(k, i);
      if (!value) return;
      const tall = Math.min(Math.max(isStopped(v) ? 1.5 : 1, value * scale(v)), y);
      // A line of paper between what was let through and what was stopped.
      if (isStopped(v) && parts.length) y = Math.max(tall, y - 0.6);
      y -= tall;
      parts.push({ v, y, h: tall });
    });
    out.push({ i, x: x0, w: Math.max(0.8, x1 - x0 - gap), parts, at: begin });
  }
  return out;
}

/** snap puts a time on the border of a bin. */
export const snap = (t: number, t0: number, stepMs: number): number =>
  t0 + Math.round((t - t0) / stepMs) * stepMs;

export type Grip = 'from' | 'to' | 'all' | 'new';

/** dragged is the range after a drag from one time to another. */
export function dragged(
  grip: Grip,
  start: [number, number],
  a: number,
  b: number,
  window: [number, number],
  stepMs: number,
): [number, number] {
  const clamp = (t: number) => Math.min(window[1], Math.max(window[0], t));
  const put = (t: number) => clamp(snap(t, window[0], stepMs));
  let [from, to] = start;
  if (grip === 'new') [from, to] = [put(Math.min(a, b)), put(Math.max(a, b))];
  else if (grip === 'from') from = put(start[0] + b - a);
  else if (grip === 'to') to = put(start[1] + b - a);
  else {
    const size = to - from;
    from = Math.min(window[1] - size, Math.max(window[0], snap(start[0] + b - a, window[0], stepMs)));
    to = from + size;
  }
  if (to < from) [from, to] = [to, from];
  if (to - from < stepMs) to = Math.min(window[1], from + stepMs);
  if (to - from < stepMs) from = to - stepMs;
  return [from, to];
}

/** ticks are round times for the axis, not closer than `least` pixels. */
export function ticks(window: [number, number], w: number, least = 70): number[] {
  const m = 60000;
  const steps = [
    m,
    5 * m,
    10 * m,
    15 * m,
    30 * m,
    60 * m,
    120 * m,
    180 * m,
    360 * m,
    720 * m,
    1440 * m,
    2880 * m,
    10080 * m,
    43200 * m,
  ];
  const span = window[1] - window[0];
  const step = steps.find((s) => (s / span) * w >= least) ?? span;
  const out: number[] = [];
  for (let t = Math.ceil(window[0] / step) * step; t <= window[1]; t += step) out.push(t);
  return out;
}
