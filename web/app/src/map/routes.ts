// Routes: where each stroke runs. Edges that skip a column run through the
// lanes between its cards, which bundles them by itself; ends are spread along
// a card's side in the order of where they go, so nothing crosses at a card.
import {
  along,
  apartFrom,
  type Box,
  cutEntering,
  cutLeaving,
  flatten,
  inside,
  lengthOf,
  lineText,
  type Path,
  type Point,
  pathOf,
  pathText,
  reach,
  shorten,
} from './geometry';
import type { Scene, Stroke } from './scene';
import type { FrameBox, Layout } from './tiers';

/** Where a stroke runs, small enough that a worker can send thousands. */
export interface Course {
  n: number; // which stroke of the scene
  path: string; // as SVG writes it
  reach: Box; // what the path does not leave
  from: Point;
  to: Point;
  width: number;
  mark: Point | null; // where it was stopped
  angle: number; // at the end
}

/** A Route is a course with its stroke. */
export class Route {
  #line: Point[] | null = null;
  #path: Path | null = null;
  constructor(
    readonly stroke: Stroke,
    readonly course: Course,
  ) {}
  get path(): string {
    return this.course.path;
  }
  get from(): Point {
    return this.course.from;
  }
  get to(): Point {
    return this.course.to;
  }
  get width(): number {
    return this.course.width;
  }
  get mark(): Point | null {
    return this.course.mark;
  }
  get angle(): number {
    return this.course.angle;
  }
  /** line is the path flattened, for labels, moving dots and the hit test: made when first asked for. */
  get line(): Point[] {
    this.#line ??= flatten(pathOf(this.path));
    return this.#line;
  }
  /** apart is how far a point is from it, or Infinity where that is more than `near`. */
  apart(p: Point, near: number): number {
    if (!inside(p, this.course.reach, near)) return Number.POSITIVE_INFINITY;
    this.#path ??= pathOf(this.path);
    return apartFrom(p, this.#path, near);
  }
}

export interface Scale {
  lo: number;
  hi: number;
  width: (v: number | null) => number;
}

const thin = 1.1;
/** Many paths are drawn thinner, or they are one blot. */
const thickest = (n: number): number => (n > 600 ? 4 : n > 180 ? 5.5 : 8.5);

/** Spread is what widths are measured by: the 5th percentile, the most, and how thick that is. */
export type Spread = [lo: number, hi: number, thick: number];

export function spreadOf(strokes: Stroke[]): Spread {
  const values = strokes
    .filter((s) => s.verdict === 'allowed' || s.verdict === 'unknown')
    .map((s) => s.value)
    .filter((v): v is number => v !== null && v > 0)
    .sort((a, b) => a - b);
  return [
    values[Math.floor(values.length * 0.05)] ?? 1,
    values[values.length - 1] ?? 1,
    thickest(values.length),
  ];
}

/** scaleOf is the width of a stroke by log of the metric. */
export function scaleOf(strokes: Stroke[], spread = spreadOf(strokes)): Scale {
  const [lo, hi, thick] = spread;
  const all = Math.log10(hi / lo);
  return {
    lo,
    hi,
    width: (v) => {
      if (v === null || v <= lo || all <= 0) return v !== null && all <= 0 && v >= lo ? 3 : thin;
      return Math.min(thick, thin + (thick - thin) * (Math.log10(v / lo) / all) ** 1.7);
    },
  };
}

/** stoppedWidth: a stopped path has nearly no bytes, so its width says nothing. */
export const stoppedWidth = 1.7;

interface End {
  card: string;
  side: 'l' | 'r';
  box: Box;
  tile: Box | null;
  y: number;
  x: number;
}

interface Plan {
  n: number;
  stroke: Stroke;
  s: End;
  t: End;
  slots: number[]; // skipped, in order
  lanes: { y: number; gap: string; size: [number, number] }[];
}

export const routesOf = (
  scene: Scene,
  layout: Layout,
  scale = scaleOf(scene.strokes, scene.spread),
): Route[] => coursesOf(scene, layout, scale).map((c) => new Route(scene.strokes[c.n], c));

/** coursesOf routes the strokes of a scene, or those of them that pass `only`. */
export function coursesOf(
  scene: Scene,
  layout: Layout,
  scale: Scale,
  only: (s: Stroke) => boolean = () => true,
): Course[] {
  const plans: Plan[] = [];
  for (const [n, stroke] of scene.strokes.entries()) {
    if (!only(stroke)) continue;
    const s = scene.cardOf.get(stroke.s);
    const t = scene.cardOf.get(stroke.t);
    if (!s || !t || s === t) continue;
    const [sb, tb] = [layout.cards.get(s.id), layout.cards.get(t.id)];
    if (!sb || !tb) continue;
    const dir = sb.x + sb.w <= tb.x ? 1 : tb.x + tb.w <= sb.x ? -1 : 0;
    const last = layout.slots[layout.slots.length - 1];
    const rightmost = layout.slots.length > 1 && sb.x + sb.w > last.x0;
    const sides: ['l' | 'r', 'l' | 'r'] =
      dir > 0 ? ['r', 'l'] : dir < 0 ? ['l', 'r'] : rightmost ? ['l', 'l'] : ['r', 'r'];
    const end = (id: string, card: string, box: Box, side: 'l' | 'r'): End => {
      const tile = layout.tiles.get(id) ?? null;
      const own = tile && !inside(tile, box, 1) ? tile : box; // dragged out of its card
      const at = tile ?? box;
      return { card, side, box: own, tile, x: side === 'l' ? own.x : own.x + own.w, y: at.y + at.h / 2 };
    };
    const slots = dir ? skipped(layout, sb, tb, dir) : [];
    plans.push({
      n,
      stroke,
      s: end(stroke.s, s.id, sb, sides[0]),
      t: end(stroke.t, t.id, tb, sides[1]),
      slots,
      lanes: [],
    });
  }
  for (const p of plans) lanesOf(p, layout);
  spreadLanes(plans);
  spreadEnds(plans);
  const boxes = homes(scene, layout);
  return plans.map((p) => routeOf(p, layout, scale, boxes));
}

/** skipped are the columns that lie wholly between two cards, in the order of the way. */
function skipped(layout: Layout, s: Box, t: Box, dir: 1 | -1): number[] {
  const [from, to] = dir > 0 ? [s.x + s.w, t.x] : [t.x + t.w, s.x];
  const out: number[] = [];
  let x = from;
  layout.slots.forEach((slot, n) => {
    if (slot.x0 < x || slot.x1 > to) return;
    out.push(n);
    x = slot.x1;
  });
  return dir > 0 ? out : out.reverse();
}

/** lanesOf picks, for each column that the edge skips, the free lane nearest to its way. */
function lanesOf(p: Plan, layout: Layout): void {
  let y = p.s.y;
  let x = p.s.x;
  for (const n of p.slots) {
    const slot = layout.slots[n];
    const mid = (slot.x0 + slot.x1) / 2;
    const straight = y + ((p.t.y - y) * (mid - x)) / (p.t.x - x || 1);
    const want = 0.4 * y + 0.6 * straight;
    let gap = -1;
    let [lane, from, to] = [want, want, want];
    let cost = Number.POSITIVE_INFINITY;
    let top = Math.min(-30, (slot.obstacles[0]?.y ?? 0) - 30);
    for (let i = 0; i <= slot.obstacles.length && top - want < cost; i++) {
      const o = slot.obstacles[i];
      const bottom = o ? o.y : top + 40;
      if (bottom - top >= 6) {
        const margin = Math.min(6, (bottom - top) / 2);
        const at = Math.min(bottom - margin, Math.max(top + margin, want));
        const far = Math.abs(at - want) + 0.3 * Math.abs(at - p.t.y);
        if (far < cost) [cost, gap, lane, from, to] = [far, i, at, top, bottom];
      }
      if (o) top = Math.max(top, o.y + o.h);
    }
    p.lanes.push({ y: lane, gap: gap < 0 ? '' : `${n}:${gap}`, size: [from, to] });
    if (gap >= 0) {
      y = lane;
      x = mid;
    }
  }
}

/** spreadLanes lays the edges of a narrow lane beside each other. */
function spreadLanes(plans: Plan[]): void {
  const lanes = new Map<string, { p: Plan; i: number }[]>();
  for (const p of plans)
    p.lanes.forEach((l, i) => {
      if (!l.gap) return;
      const list = lanes.get(l.gap);
      if (list) list.push({ p, i });
      else lanes.set(l.gap, [{ p, i }]);
    });
  for (const list of lanes.values()) {
    const [top, bottom] = list[0].p.lanes[list[0].i].size;
    const room = bottom - top;
    if (room > 34 && list.length < 2) continue;
    const by = (e: { p: Plan; i: number }) =>
      (e.p.lanes[e.i - 1]?.y ?? e.p.s.y) + (e.p.lanes[e.i + 1]?.y ?? e.p.t.y);
    list.sort((a, b) => by(a) - by(b));
    const pitch = Math.min(3.6, (room - 5) / list.length);
    const mean = list.reduce((n, e) => n + e.p.lanes[e.i].y, 0) / list.length;
    const half = ((list.length - 1) * pitch) / 2;
    const mid = Math.min(bottom - 3 - half, Math.max(top + 3 + half, room > 34 ? mean : (top + bottom) / 2));
    list.forEach((e, n) => {
      e.p.lanes[e.i].y = mid - half + n * pitch;
    });
  }
}

/** spreadEnds orders the ends on each side of a card by where they go. */
function spreadEnds(plans: Plan[]): void {
  const sides = new Map<string, { end: End; to: number }[]>();
  const add = (end: End, to: number) => {
    const key = `${end.card}\n${end.side}\n${end.tile ? end.tile.y : ''}`;
    const list = sides.get(key);
    if (list) list.push({ end, to });
    else sides.set(key, [{ end, to }]);
  };
  for (const p of plans) {
    add(p.s, p.lanes[0]?.y ?? p.t.y);
    add(p.t, p.lanes[p.lanes.length - 1]?.y ?? p.s.y);
  }
  for (const list of sides.values()) {
    list.sort((a, b) => a.to - b.to);
    const at = list[0].end.tile ?? list[0].end.box;
    const room = at.h - 8;
    const pitch = Math.min(7, room / list.length);
    const y0 = at.y + at.h / 2 - ((list.length - 1) * pitch) / 2;
    list.forEach((e, i) => {
      e.end.y = y0 + i * pitch;
    });
  }
}

/** homes is, for each card, the innermost box around it. */
export function homes(scene: Scene, layout: Layout): Map<string, FrameBox> {
  const by = new Map<string, FrameBox>();
  for (const f of layout.frames) by.set(f.frame.id, f);
  const out = new Map<string, FrameBox>();
  for (const f of layout.frames) for (const c of f.frame.cards) out.set(c.id, f);
  for (const f of scene.frames)
    if (f.side !== 'network') {
      const box = by.get(f.id);
      const walk = (g: typeof f): void => {
        for (const c of g.cards) if (box) out.set(c.id, box);
        g.frames.forEach(walk);
      };
      walk(f);
    }
  // What was dragged out of its box is stopped at its own side.
  for (const id of layout.loose?.keys() ?? []) out.delete(id);
  return out;
}

const arrow = 5;

function routeOf(p: Plan, layout: Layout, scale: Scale, home: Map<string, FrameBox>): Course {
  const { stroke } = p;
  const halted = stroke.verdict === 'denied' || stroke.verdict === 'dropped';
  const width = halted ? stoppedWidth : scale.width(stroke.value);
  const from = { x: p.s.x, y: p.s.y };
  const loop = p.s.side === p.t.side;
  // The arrow's tip touches the card, so the stroke ends a little before it.
  const inward = p.t.side === 'l' ? -1 : 1;
  const to = { x: p.t.x + inward * (halted ? 1 : arrow), y: p.t.y };
  const path: Path = { from, steps: [] };
  if (loop) {
    const out = p.s.side === 'r' ? 1 : -1;
    const d = out * (24 + Math.min(26, Math.abs(to.y - from.y) * 0.07));
    path.steps.push({
      to,
      c: [
        { x: from.x + d, y: from.y },
        { x: to.x + d, y: to.y },
      ],
    });
  } else {
    let at = from;
    const dir = p.s.side === 'r' ? 1 : -1;
    p.slots.forEach((n, i) => {
      const slot = layout.slots[n];
      const [a, b] = dir > 0 ? [slot.x0 - 4, slot.x1 + 4] : [slot.x1 + 4, slot.x0 - 4];
      const y = p.lanes[i].y;
      path.steps.push(bend(at, { x: a, y }), { to: { x: b, y } });
      at = { x: b, y };
    });
    path.steps.push(bend(at, to));
  }
  const base = { n: p.n, width, from };
  if (!halted) {
    const last = path.steps[path.steps.length - 1].c![1];
    const angle = Math.atan2(to.y - last.y, to.x - last.x);
    return { ...base, to, path: pathText(path), reach: reach(path), mark: null, angle };
  }
  const cut = stopAt(flatten(path), stroke, home.get(p.s.card), home.get(p.t.card));
  const mark = cut[cut.length - 1];
  return { ...base, to: mark, path: lineText(cut), reach: reach(path), mark, angle: 0 };
}

/** bend joins two points by a curve that leaves and arrives horizontally. */
const bend = (a: Point, b: Point): Path['steps'][number] => {
  const d = (b.x - a.x) * 0.5 + Math.sign(b.x - a.x) * Math.min(14, Math.abs(b.y - a.y) * 0.05);
  return {
    to: b,
    c: [
      { x: a.x + d, y: a.y },
      { x: b.x - d, y: b.y },
    ],
  };
};

/** stopAt cuts a stopped path where it was stopped: at the server's box, the client's, or on the way. */
export function stopAt(
  line: Point[],
  s: Stroke,
  from: FrameBox | undefined,
  to: FrameBox | undefined,
): Point[] {
  const apart = from !== to;
  if (s.at === 'client') return (apart && from && cutLeaving(line, from.box)) || part(line, 0.3);
  if (s.at === 'server')
    return trim((apart && to && cutEntering(line, to.box, 0)) || shorten(line, 9), 14, line);
  return part(line, s.at === 'middle' ? 0.5 : 0.7);
}

/** trim keeps a stub long enough to be seen. */
const trim = (cut: Point[], least: number, line: Point[]): Point[] =>
  lengthOf(cut) >= least ? cut : part(line, Math.min(0.5, least / (lengthOf(line) || 1)));

function part(line: Point[], share: number): Point[] {
  const end = along(line, share);
  const left = lengthOf(line) * (1 - share);
  const cut = shorten(line, left);
  cut[cut.length - 1] = end;
  return cut;
}
