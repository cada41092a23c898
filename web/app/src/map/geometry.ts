// Points, boxes and curves, without a browser.
export interface Point {
  x: number;
  y: number;
}

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
  round?: boolean; // the circle in it
}

export const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
export const inside = (p: Point, b: Box, pad = 0): boolean =>
  b.round
    ? Math.hypot(p.x - b.x - b.w / 2, p.y - b.y - b.h / 2) <= b.w / 2 + pad
    : p.x >= b.x - pad && p.x <= b.x + b.w + pad && p.y >= b.y - pad && p.y <= b.y + b.h + pad;
export const overlap = (a: Box, b: Box, pad = 0): boolean =>
  a.x < b.x + b.w + pad && b.x < a.x + a.w + pad && a.y < b.y + b.h + pad && b.y < a.y + a.h + pad;

/** A cubic from one point to the next, or a straight line where c is missing. */
export interface Step {
  to: Point;
  c?: [Point, Point];
}

export interface Path {
  from: Point;
  steps: Step[];
}

const r = (n: number): string => String(Math.round(n * 10) / 10);

/** pathText is the path as SVG writes it. */
export const pathText = (p: Path): string =>
  `M${r(p.from.x)} ${r(p.from.y)}${p.steps
    .map((s) =>
      s.c
        ? `C${r(s.c[0].x)} ${r(s.c[0].y)} ${r(s.c[1].x)} ${r(s.c[1].y)} ${r(s.to.x)} ${r(s.to.y)}`
        : `L${r(s.to.x)} ${r(s.to.y)}`,
    )
    .join('')}`;

const cubic = (a: Point, b: Point, c: Point, d: Point, t: number): Point => {
  const u = 1 - t;
  const [k0, k1, k2, k3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: k0 * a.x + k1 * b.x + k2 * c.x + k3 * d.x, y: k0 * a.y + k1 * b.y + k2 * c.y + k3 * d.y };
};

/** flatten makes a polyline of the path. */
export function flatten(p: Path, pieces = 18): Point[] {
  const out = [p.from];
  let at = p.from;
  for (const s of p.steps) {
    if (s.c) for (let i = 1; i < pieces; i++) out.push(cubic(at, s.c[0], s.c[1], s.to, i / pieces));
    out.push(s.to);
    at = s.to;
  }
  return out;
}

/** reach is a box that no point of the path leaves. */
export function reach(p: Path): Box {
  let [x0, y0, x1, y1] = [p.from.x, p.from.y, p.from.x, p.from.y];
  for (const s of p.steps)
    for (const q of [...(s.c ?? []), s.to]) {
      if (q.x < x0) x0 = q.x;
      if (q.x > x1) x1 = q.x;
      if (q.y < y0) y0 = q.y;
      if (q.y > y1) y1 = q.y;
    }
  return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
}

/** pathOf reads what pathText or lineText wrote. */
export function pathOf(d: string): Path {
  const path: Path = { from: { x: 0, y: 0 }, steps: [] };
  for (const part of d.match(/[MLC][^MLC]*/g) ?? []) {
    const n = part.slice(1).split(' ').map(Number);
    const at = (i: number): Point => ({ x: n[i], y: n[i + 1] });
    if (part[0] === 'M') path.from = at(0);
    else path.steps.push(part[0] === 'C' ? { c: [at(0), at(2)], to: at(4) } : { to: at(0) });
  }
  return path;
}

/** apartFrom is how far a point is from a path, or Infinity where that is more than `near`. */
export function apartFrom(p: Point, path: Path, near: number): number {
  let best = Number.POSITIVE_INFINITY;
  let from = path.from;
  for (const s of path.steps) {
    const part = { from, steps: [s] };
    if (inside(p, reach(part), near)) best = Math.min(best, distance(p, flatten(part)));
    from = s.to;
  }
  return best;
}

export const lineText = (line: Point[]): string =>
  line.map((p, i) => `${i ? 'L' : 'M'}${r(p.x)} ${r(p.y)}`).join('');

const apart = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

export const lengthOf = (line: Point[]): number => {
  let n = 0;
  for (let i = 1; i < line.length; i++) n += apart(line[i - 1], line[i]);
  return n;
};

/** along is the point at a part (0 to 1) of the line's length. */
export function along(line: Point[], part: number): Point {
  let left = lengthOf(line) * Math.min(1, Math.max(0, part));
  for (let i = 1; i < line.length; i++) {
    const d = apart(line[i - 1], line[i]);
    if (left <= d && d > 0) {
      const t = left / d;
      return {
        x: line[i - 1].x + (line[i].x - line[i - 1].x) * t,
        y: line[i - 1].y + (line[i].y - line[i - 1].y) * t,
      };
    }
    left -= d;
  }
  return line[line.length - 1];
}

/** distance from a point to a line. */
export function distance(p: Point, line: Point[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]];
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const n = dx * dx + dy * dy;
    const t = n ? Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / n)) : 0;
    const d = Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
    if (d < best) best = d;
  }
  return best;
}

/**
 * cutEntering ends the line where it enters the box for the last time, gap
 * before it; null where it never is outside before.
 */
export function cutEntering(line: Point[], box: Box, gap: number): Point[] | null {
  let i = line.length - 1;
  while (i >= 0 && inside(line[i], box, 0.5)) i--;
  if (i < 0 || i === line.length - 1) return null;
  let a = line[i];
  let b = line[i + 1];
  for (let n = 0; n < 12; n++) {
    const m = middle(a, b);
    if (inside(m, box)) b = m;
    else a = m;
  }
  return shorten([...line.slice(0, i + 1), a], gap);
}

/** shorten takes a length off the end. */
export function shorten(line: Point[], by: number): Point[] {
  const out = line.slice();
  let left = by;
  while (out.length > 1) {
    const [a, b] = [out[out.length - 2], out[out.length - 1]];
    const d = apart(a, b);
    if (d > left) {
      const t = (d - left) / d;
      out[out.length - 1] = { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t };
      return out;
    }
    left -= d;
    out.pop();
  }
  return out;
}

/** cutLeaving ends the line where it leaves the box for the first time; null where it never does. */
export function cutLeaving(line: Point[], box: Box): Point[] | null {
  const i = line.findIndex((p) => !inside(p, box, 0.5));
  if (i < 1) return null;
  let a = line[i - 1];
  let b = line[i];
  for (let n = 0; n < 12; n++) {
    const m = middle(a, b);
    if (inside(m, box)) a = m;
    else b = m;
  }
  return [...line.slice(0, i), b];
}
