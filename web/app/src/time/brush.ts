// The time brush without a browser: bars, snapping, and what a drag means.
import type { Timeline } from '../api';
import { valuesOf } from '../ui';

export interface BarShape {
  i: number;
  x: number;
  w: number;
  through: [number, number]; // y, height
  stopped: [number, number];
  at: number; // time
}

const share = 0.2; // of the height, for stopped records where the unit is another

/** bars stacks what was stopped on what was let through. Bytes and records have scales of their own. */
export function bars(
  t: Timeline,
  metric: 'bytes' | 'records' | 'packets',
  window: [number, number],
  w: number,
  h: number,
  top = 0,
): BarShape[] {
  const through = valuesOf(t, ['allowed', 'unknown'], metric);
  const stopped = valuesOf(t, ['denied', 'dropped'], 'records');
  const n = Math.max(through.length, stopped.length);
  const same = metric === 'records';
  const most = (l: (number | null)[]) => Math.max(1, ...l.map((v) => v ?? 0));
  const maxBoth = same
    ? Math.max(1, ...Array.from({ length: n }, (_, i) => (through[i] ?? 0) + (stopped[i] ?? 0)))
    : most(through);
  const maxStopped = most(stopped);
  const all = h - top;
  const room = all * (same ? 1 : 1 - share);
  const out: BarShape[] = [];
  const span = window[1] - window[0];
  for (let i = 0; i < n; i++) {
    const at = Date.parse(t.t0) + i * t.step * 1000;
    const x0 = ((at - window[0]) / span) * w;
    const x1 = ((at + t.step * 1000 - window[0]) / span) * w;
    if (x1 <= 0 || x0 >= w) continue;
    const tall = ((through[i] ?? 0) / maxBoth) * room;
    const red = stopped[i]
      ? Math.max(1.5, ((stopped[i] as number) / (same ? maxBoth : maxStopped)) * (same ? room : all * share))
      : 0;
    const shown = (through[i] ?? 0) > 0 ? Math.max(1, tall) : 0;
    const gap = x1 - x0 > 4 ? 1.5 : x1 - x0 > 2 ? 0.6 : 0;
    out.push({
      i,
      x: x0,
      w: Math.max(0.5, x1 - x0 - gap),
      through: [h - shown, shown],
      stopped: [Math.max(0, h - shown - red - (red ? 0.6 : 0)), red],
      at,
    });
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
