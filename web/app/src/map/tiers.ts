// Layout "Tiers": internet | network rows with public, app and data columns |
// cloud services. The same scene and size give the same picture.
import type { Box, Point } from './geometry';
import { type Bands, holds, kept, type Memory, remember } from './memory';
import {
  aligned,
  type Block,
  blockGap,
  boxHeight,
  cardsOf,
  close,
  columns,
  colWidth,
  gridOf,
  heightOf,
  type Measured,
  measured,
  type Packed,
  type Parts,
  type Plan,
  packed,
  type Row,
  roomy,
  rowsOf,
  type Sizes,
  slim,
  split,
  tilesTop,
  widthsOf,
} from './plan';
import type { Card, Frame, Scene } from './scene';

export interface FrameBox {
  frame: Frame;
  kind: 'internet' | 'network' | 'subnet' | 'services';
  box: Box;
  context: string; // what it lies in, where that is drawn as no box of its own
  origin?: Point; // its corner before it grew for what was dragged
}

/** A slot is one vertical column of cards; edges that skip it run between its obstacles. */
export interface Slot {
  x0: number;
  x1: number;
  obstacles: Box[]; // from top to bottom
}

export interface Layout {
  frames: FrameBox[];
  cards: Map<string, Box>;
  tiles: Map<string, Box>;
  slots: Slot[];
  size: Box;
  compact: boolean;
  cardH: number; // of a card that is not opened
  /** How much larger texts are drawn than they were made for, so that they can be read when all is seen. */
  z: number;
  headZ: number; // those of boxes
  k: number; // the scale at which all is seen
  memory: Memory | null;
  /** What the user put where it is. */
  pinned?: Set<string>;
  /** Cards that stand outside their box, by the box they belong to. */
  loose?: Map<string, Box>;
  /** Boxes are circles. */
  round?: boolean;
}

/** A window, and the scale at which a larger map than it holds is looked at. */
export interface View {
  w: number;
  h: number;
  k?: number;
}

/**
 * tiers lays a scene out. With the memory of an earlier layout what was there
 * stays; `key` says what was asked, and for another key only the bands stay.
 */
export function tiers(scene: Scene, view: View, memory: Memory | null = null, key = ''): Layout {
  const fresh = planned(scene, view, memory?.bands);
  const out = holds(memory, key, view, scene) ? kept(memory, scene, fresh) : fresh;
  out.memory = remember(memory, out, key, view);
  const k = Math.min(view.w / out.size.w, view.h / out.size.h, view.k ?? 1.25);
  const z = (most: number) => Math.min(most, Math.max(1, 0.9 / k));
  out.compact = out.cardH < 30; // what stays may be of another size than what is new
  out.k = k;
  out.z = z(out.compact ? 1.62 : 1.34);
  out.headZ = z(1.55);
  return out;
}

function planned(scene: Scene, view: View, bands?: Bands): Layout {
  const inet = scene.frames.filter((f) => f.side === 'internet');
  const services = scene.frames.filter((f) => f.side === 'services');
  const rows = scene.frames.filter((f) => f.side === 'network').flatMap((f) => rowsOf(f, '', scene));
  if (bands) rows.sort((a, b) => bandOf(bands, a) - bandOf(bands, b));
  const parts = { inet, rows, services };
  const many = scene.cardOf.size > 90;
  // Try how high the stacks of a row may be, and whether small networks share a
  // band; the picture that can be shown largest wins. Cards of one line say
  // less, so only many are drawn so; tiers that line up read better.
  let best = { score: -1, plan: aligned(rows, 4000, roomy), sizes: roomy };
  const tried = (plan: Plan, sizes: Sizes, worth: number) => {
    const m = measured(parts, plan, sizes, view);
    const k = Math.min(view.w / m.w, view.h / m.h, 1);
    const least = sizes.h < 30 ? 0.53 : 0.675; // what can still be read
    const score =
      k * worth * Math.max(0.7, 1 - 0.025 * m.cut) * (k < least ? 0.55 : 1) * (0.85 + 0.15 * m.full);
    if (score > best.score * 1.03) best = { score, plan, sizes };
  };
  const kinds = many
    ? ([[slim, 1]] as const)
    : ([
        [roomy, 1],
        [close, 0.99],
        [slim, 0.6],
      ] as const);
  const known = bands && rows.map((r) => bands.get(r.frame.id)?.band);
  const shared = known && new Set(known).size < known.length;
  for (const [sizes, worth] of kinds)
    for (const limit of limits) {
      // Who once shared a band does so for ever, and who did not does not.
      if (!shared) tried(aligned(rows, limit, sizes), sizes, worth);
      if (shared) tried(packed(rows, widthsOf(rows, limit, sizes), limit, 10, known), sizes, worth * 0.88);
      if (bands?.size || rows.length < 3 || rows.length > 60) continue;
      const widths = widthsOf(rows, limit, sizes);
      for (const wide of [3, 4, 5, 6, 8, 10]) tried(packed(rows, widths, limit, wide), sizes, worth * 0.88);
    }
  // The same places with more air between them.
  const sizes = widened(best.sizes, measured(parts, best.plan, best.sizes, view), view, rows);
  return place(parts, best.plan, sizes, view);
}

/** bandOf orders rows as they were first seen, new ones below. */
const bandOf = (bands: Bands, r: Row): number => {
  const b = bands.get(r.frame.id);
  return b ? b.band + b.x * 1e-6 : Number.MAX_SAFE_INTEGER;
};

const limits = [75, 110, 150, 200, 240, 290, 350, 420, 520, 640, 800, 1100, 1500, 2200, 4000];

const stackOf = (blocks: Block[]): number => blocks.reduce((n, b) => n + b.cards.length, 0);

/** widened gives what is left of the window to the gaps, not to the cards. */
function widened(s: Sizes, m: Measured, view: { w: number; h: number }, rows: Row[]): Sizes {
  const scale = Math.min(view.w / m.w, view.h / m.h, 1);
  const spareW = view.w / scale - m.w;
  const spareH = view.h / scale - m.h;
  const out = { ...s };
  if (spareW > 0) {
    const share = spareW / 4.5;
    out.lane = s.lane + Math.min(150, share);
    out.side = s.side + Math.min(150, share);
  }
  if (spareH > 0) {
    const deepest = rows.reduce((n, r) => n + Math.max(...columns.map((c) => stackOf(r.blocks[c]))), 0);
    out.gap = s.gap + Math.min(10, spareH / Math.max(1, deepest));
  }
  return out;
}

function place(
  { inet, rows, services }: Parts,
  plan: Plan,
  s: Sizes,
  view: { w: number; h: number },
): Layout {
  const out: Layout = {
    frames: [],
    cards: new Map(),
    tiles: new Map(),
    slots: [],
    size: { x: 0, y: 0, w: 0, h: 0 },
    compact: s.h < 30,
    cardH: s.h,
    memory: null,
    z: 1,
    headZ: 1,
    k: 1,
  };
  const m = measured({ inet, rows, services }, plan, s, view);
  const { shelves, bandH, rowsH, k } = m;
  let x = 0;
  // What is lower than the tallest of the three stands in its middle.
  const H = m.h;
  if (k) {
    outside(out, inet, k, H, s);
    x += colWidth(k, s) + s.side;
  }

  const base = out.slots.length;
  const xs = plan.xs(s).map((v) => v + x);
  for (const x0 of xs) out.slots.push({ x0, x1: x0 + s.w, obstacles: [] });
  const tops = bandH.map((_, i) => bandH.slice(0, i).reduce((n, h) => n + h + s.row, (H - rowsH) / 2));
  const netBox = plan.nets.map((n, i) => {
    const left = xs[n.first] - 2 * s.pad;
    const box = { x: left, y: tops[n.band], w: xs[n.last] + s.w + 2 * s.pad - left, h: bandH[n.band] };
    out.frames.push({ frame: n.row.frame, kind: 'network', box, context: n.row.context });
    for (let j = n.first; j <= n.last; j++) out.slots[base + j].obstacles.push({ ...box, h: s.head });
    const inner = { ...box, y: box.y + s.head, h: box.h - s.head - s.pad };
    for (const [c, a] of n.at) column(out, shelves[i].get(c)!, inner, base + a.slot, s);
    return box;
  });
  if (xs.length) x = xs[xs.length - 1] + s.w + 2 * s.pad + s.side + 10;

  if (services.length) {
    const slot = out.slots.length;
    out.slots.push({ x0: x + s.pad, x1: x + s.pad + s.w, obstacles: [] });
    const mids = services.map((f) => {
      const mine = netBox.filter((_, i) => plan.nets[i].row.frame.provider === f.provider);
      return mine.length
        ? (Math.min(...mine.map((b) => b.y)) + Math.max(...mine.map((b) => b.y + b.h))) / 2
        : H;
    });
    let left = m.near;
    let y = 0;
    services.forEach((f, i) => {
      const h = boxHeight(f, 1, s);
      // Beside its networks, as far as those below leave room.
      const top = Math.max(y, Math.min(mids[i] - h / 2, H - left));
      boxAt(out, f, 'services', { x, y: top, w: colWidth(1, s), h }, 1, slot, s);
      y = top + h + s.row;
      left -= h + s.row;
    });
    x += colWidth(1, s);
  } else if (rows.length) x -= s.side + 10;
  else x -= s.side;
  for (const slot of out.slots) slot.obstacles.sort((a, b) => a.y - b.y);
  out.size = { x: 0, y: 0, w: Math.max(x, 1), h: H };
  return out;
}

/** column places the shelves of one tier in one network, sharing its height. */
function column(out: Layout, p: Packed, at: Box, first: number, s: Sizes): void {
  const extra = Math.max(0, at.h - p.h) / Math.max(1, p.shelves.length);
  let y = at.y;
  for (const shelf of p.shelves) {
    const h = shelf.h + extra;
    for (const item of shelf.items) {
      const slot = first + item.at;
      const x = out.slots[slot].x0 - s.pad;
      const w = out.slots[slot + item.k - 1].x1 + s.pad - x;
      blockAt(out, item.block, { x, y, w, h }, item.k, slot, s);
    }
    y += h + blockGap;
  }
}

function blockAt(out: Layout, b: Block, box: Box, k: number, slot: number, s: Sizes): void {
  if (b.frame) {
    out.frames.push({ frame: b.frame, kind: 'subnet', box, context: '' });
    for (let i = 0; i < k; i++) out.slots[slot + i].obstacles.push({ ...box, h: s.subhead - 4 });
  }
  const top = b.frame ? s.subhead : 6;
  split(b.cards, k, s).forEach((list, i) => {
    const room = box.h - top - s.pad - 4;
    const cardsH = list.reduce((n, c) => n + heightOf(c, s), 0);
    const gap = list.length > 1 ? Math.min(s.gap + 14, (room - cardsH) / (list.length - 1)) : 0;
    let cy = box.y + top + (room - cardsH - gap * (list.length - 1)) / 2;
    for (const c of list) {
      put(out, c, { x: out.slots[slot + i].x0, y: cy, w: s.w, h: heightOf(c, s) }, slot + i);
      cy += heightOf(c, s) + gap;
    }
  });
}

/** outside places what is not the user's: boxes under each other, spread over the height. */
function outside(out: Layout, inet: Frame[], k: number, H: number, s: Sizes): void {
  const first = out.slots.length;
  for (let i = 0; i < k; i++) {
    const x0 = s.pad + i * (s.w + s.sub);
    out.slots.push({ x0, x1: x0 + s.w, obstacles: [] });
  }
  const heights = inet.map((f) => boxHeight(f, k, s));
  const spare = Math.max(0, H - heights.reduce((n, h) => n + h + s.row, -s.row));
  const rowsIn = inet.map((f) => Math.max(...split(cardsOf(f), k, s).map((l) => l.length)) - 1);
  const gaps = Math.max(
    1,
    rowsIn.reduce((n, v) => n + v, 0),
  );
  const each = Math.min(16, spare / gaps);
  const used = rowsIn.reduce((n, v) => n + v * each, 0);
  let y = (spare - used) / 2;
  inet.forEach((f, i) => {
    const h = heights[i] + rowsIn[i] * each;
    boxAt(out, f, 'internet', { x: 0, y, w: colWidth(k, s), h }, k, first, { ...s, gap: s.gap + each });
    y += h + s.row;
  });
}

/** boxAt places a box without tiers, its cards dealt to k columns. */
function boxAt(
  out: Layout,
  frame: Frame,
  kind: FrameBox['kind'],
  box: Box,
  k: number,
  slot: number,
  s: Sizes,
): void {
  out.frames.push({ frame, kind, box, context: '' });
  for (let i = 0; i < k; i++) out.slots[slot + i].obstacles.push({ ...box, h: s.subhead - 4 });
  split(cardsOf(frame), k, s).forEach((list, i) => {
    let cy = box.y + s.subhead;
    for (const c of list) {
      put(out, c, { x: out.slots[slot + i].x0, y: cy, w: s.w, h: heightOf(c, s) }, slot + i);
      cy += heightOf(c, s) + s.gap;
    }
  });
}

/** put places a card and its tiles. */
export function put(out: Layout, c: Card, box: Box, slot: number): void {
  out.cards.set(c.id, box);
  out.slots[slot]?.obstacles.push(box);
  const g = gridOf(c);
  const pitch = (box.w - 12 - g.size) / (g.per - 1);
  c.tiles.forEach((t, i) => {
    out.tiles.set(t.id, {
      x: box.x + 6 + (i % g.per) * pitch,
      y: box.y + tilesTop + Math.floor(i / g.per) * g.pitch,
      w: g.size,
      h: g.size,
    });
  });
}
