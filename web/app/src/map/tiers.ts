// Layout "Tiers": internet | network rows with public, app and data columns |
// cloud services. The same scene and size give the same picture.
import type { Box } from './geometry';
import type { Card, Column, Frame, Scene } from './scene';

export interface FrameBox {
  frame: Frame;
  kind: 'internet' | 'network' | 'subnet' | 'services';
  box: Box;
  context: string; // what it lies in, where that is drawn as no box of its own
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
  slotOf: Map<string, number>; // by card
  slots: Slot[];
  size: Box;
  compact: boolean;
}

interface Sizes {
  w: number; // card
  h: number;
  gap: number; // between cards
  sub: number; // between card columns of one tier
  pad: number;
  head: number; // of a row
  subhead: number; // of a subnet
  lane: number; // between tiers
  row: number; // between rows
  side: number; // internet and services to the rows
}

const roomy: Sizes = {
  w: 136,
  h: 38,
  gap: 13,
  sub: 26,
  pad: 8,
  head: 26,
  subhead: 25,
  lane: 44,
  row: 14,
  side: 40,
};
const tight: Sizes = { ...roomy, w: 128, h: 26, gap: 9, sub: 34, lane: 56 };

const columns: Column[] = ['public', 'app', 'data'];
const tile = 20;
const perRow = 5;

/** A block is a subnet's cards, or the cards of a network that stand in no subnet. */
interface Block {
  frame: Frame | null;
  cards: Card[];
}

interface Row {
  frame: Frame;
  context: string;
  blocks: Record<Column, Block[]>;
}

export function tiers(scene: Scene, view: { w: number; h: number }): Layout {
  const inet = scene.frames.filter((f) => f.side === 'internet');
  const services = scene.frames.filter((f) => f.side === 'services');
  const rows = scene.frames.filter((f) => f.side === 'network').flatMap((f) => rowsOf(f, '', scene));
  const total = scene.cardOf.size;
  const sizes = total > 90 ? tight : roomy;
  // Try how many cards may stand above each other; the picture that can be
  // shown largest wins.
  let best = { scale: -1, limit: 0 };
  for (const limit of [4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 30, 40, 60, 100]) {
    const p = place(inet, rows, services, limit, sizes, view);
    const scale = Math.min(view.w / p.size.w, view.h / p.size.h, 1);
    // A slightly smaller picture with fewer columns reads better.
    if (scale > best.scale * 1.02) best = { scale, limit };
  }
  const first = place(inet, rows, services, best.limit, sizes, view);
  return place(inet, rows, services, best.limit, widened(sizes, first, view, rows), view, total > 90);
}

/** widened gives what is left of the window to the gaps, not to the cards. */
function widened(s: Sizes, l: Layout, view: { w: number; h: number }, rows: Row[]): Sizes {
  const scale = Math.min(view.w / l.size.w, view.h / l.size.h, 1);
  const spareW = view.w / scale - l.size.w;
  const spareH = view.h / scale - l.size.h;
  const out = { ...s };
  if (spareW > 0) {
    const share = spareW / 4;
    out.lane = s.lane + Math.min(70, share);
    out.side = s.side + Math.min(70, share);
  }
  if (spareH > 0) {
    const deepest = rows.reduce((n, r) => n + Math.max(...columns.map((c) => stackOf(r.blocks[c]))), 0);
    out.gap = s.gap + Math.min(10, spareH / Math.max(1, deepest));
  }
  return out;
}

const stackOf = (blocks: Block[]): number => blocks.reduce((n, b) => n + b.cards.length, 0);

function rowsOf(frame: Frame, context: string, scene: Scene): Row[] {
  const blocks: Row['blocks'] = { public: [], app: [], data: [] };
  const rows: Row[] = [];
  const inner = context ? `${context} / ${frame.label}` : frame.label;
  for (const f of frame.frames) {
    if (f.group?.kind === 'subnet') blocks[scene.tiers.get(f.id) ?? 'app'].push({ frame: f, cards: f.cards });
    else rows.push(...rowsOf(f, inner, scene));
  }
  for (const c of columns) {
    const cards = frame.cards.filter((k) => (scene.tiers.get(k.id) ?? 'app') === c);
    if (cards.length) blocks[c].push({ frame: null, cards });
  }
  if (columns.some((c) => blocks[c].length)) rows.unshift({ frame, context, blocks });
  return rows;
}

const heightOf = (c: Card, s: Sizes): number =>
  c.tiles.length ? 30 + Math.ceil(c.tiles.length / perRow) * (tile + 6) + 4 : s.h;

/** split deals cards to k columns of about equal length, read downwards. */
function split(cards: Card[], k: number): Card[][] {
  const per = Math.ceil(cards.length / k);
  return Array.from({ length: k }, (_, i) => cards.slice(i * per, (i + 1) * per)).filter((l) => l.length);
}

const blockHeight = (b: Block, k: number, s: Sizes): number => {
  const tallest = Math.max(
    ...split(b.cards, k).map((l) => l.reduce((n, c) => n + heightOf(c, s), 0) + (l.length - 1) * s.gap),
  );
  return (b.frame ? s.subhead : 6) + tallest + s.pad + 4;
};

const blockGap = 9;
const stackHeight = (blocks: Block[], k: number, s: Sizes): number =>
  blocks.reduce((n, b) => n + blockHeight(b, k, s), 0) + Math.max(0, blocks.length - 1) * blockGap;

const colWidth = (k: number, s: Sizes): number => 2 * s.pad + k * s.w + (k - 1) * s.sub;

function place(
  inet: Frame[],
  rows: Row[],
  services: Frame[],
  limit: number,
  s: Sizes,
  view: { w: number; h: number },
  compact = false,
): Layout {
  const out: Layout = {
    frames: [],
    cards: new Map(),
    tiles: new Map(),
    slotOf: new Map(),
    slots: [],
    size: { x: 0, y: 0, w: 0, h: 0 },
    compact,
  };
  // Columns that any row uses, and how many cards stand side by side in each.
  const used = columns.filter((c) => rows.some((r) => r.blocks[c].length));
  const wide = new Map<Column, number>();
  for (const c of used) {
    const most = Math.max(...rows.flatMap((r) => r.blocks[c].map((b) => b.cards.length)), 1);
    wide.set(c, Math.ceil(most / limit));
  }
  const heights = rows.map((r) => {
    const tallest = Math.max(...used.map((c) => stackHeight(r.blocks[c], wide.get(c)!, s)));
    return s.head + tallest + s.pad;
  });
  const rowsH = heights.reduce((n, h) => n + h, 0) + Math.max(0, rows.length - 1) * s.row;

  const far = inet.flatMap((f) => cardsOf(f));
  const tall = Math.max(rowsH, Math.min(view.h, far.length * (s.h + s.gap)));
  const k = far.length
    ? Math.ceil((far.length * (s.h + s.gap) + s.subhead + s.pad) / Math.max(tall, 200))
    : 0;
  let x = 0;
  const H = Math.max(rowsH, 120);
  if (k) {
    stackFrame(out, inet[0], far, { x, y: 0, w: colWidth(k, s), h: H }, k, s, true);
    x += colWidth(k, s) + s.side;
  }

  const rowsX = x;
  const colX = new Map<Column, number>();
  x += s.pad;
  const firstSlot = out.slots.length;
  const slotOfCol = new Map<Column, number>();
  for (const c of used) {
    colX.set(c, x);
    slotOfCol.set(c, out.slots.length);
    for (let i = 0; i < wide.get(c)!; i++) {
      const x0 = x + s.pad + i * (s.w + s.sub);
      out.slots.push({ x0, x1: x0 + s.w, obstacles: [] });
    }
    x += colWidth(wide.get(c)!, s) + s.lane;
  }
  const rowsW = used.length ? x - s.lane + s.pad - rowsX : 0;
  let y = 0;
  const rowBox: Box[] = [];
  rows.forEach((r, i) => {
    const box = { x: rowsX, y, w: rowsW, h: heights[i] };
    rowBox.push(box);
    out.frames.push({ frame: r.frame, kind: 'network', box, context: r.context });
    for (let n = firstSlot; n < out.slots.length; n++)
      out.slots[n].obstacles.push({ x: box.x, y: box.y, w: box.w, h: s.head });
    for (const c of used)
      column(
        out,
        r.blocks[c],
        { x: colX.get(c)!, y: y + s.head, w: 0, h: heights[i] - s.head - s.pad },
        wide.get(c)!,
        slotOfCol.get(c)!,
        s,
      );
    y += heights[i] + s.row;
  });
  if (rows.length) x = rowsX + rowsW + s.side + 10;

  let bottom = 0;
  if (services.length) {
    const slot = out.slots.length;
    out.slots.push({ x0: x + s.pad, x1: x + s.pad + s.w, obstacles: [] });
    for (const f of services) {
      const cards = cardsOf(f);
      const h =
        s.subhead +
        cards.reduce((n, c) => n + heightOf(c, s), 0) +
        (cards.length - 1) * Math.min(s.gap, 9) +
        s.pad +
        2;
      const mine = rowBox.filter((_, i) => rows[i].frame.provider === f.provider);
      const mid = mine.length ? (mine[0].y + mine[mine.length - 1].y + mine[mine.length - 1].h) / 2 : H;
      const top = Math.max(bottom, mid - h / 2);
      const box = { x, y: top, w: colWidth(1, s), h };
      out.frames.push({ frame: f, kind: 'services', box, context: '' });
      let cy = top + s.subhead;
      for (const c of cards) {
        put(out, c, { x: x + s.pad, y: cy, w: s.w, h: heightOf(c, s) }, slot);
        cy += heightOf(c, s) + Math.min(s.gap, 9);
      }
      bottom = top + h + s.row;
    }
    x += colWidth(1, s);
  } else if (rows.length) x -= s.side + 10;
  else x -= s.side;
  for (const slot of out.slots) slot.obstacles.sort((a, b) => a.y - b.y);
  out.size = { x: 0, y: 0, w: Math.max(x, 1), h: Math.max(H, bottom - s.row, 1) };
  return out;
}

const cardsOf = (f: Frame): Card[] => [...f.cards, ...f.frames.flatMap(cardsOf)];

/** column places the blocks of one tier in one row, sharing the row's height. */
function column(out: Layout, blocks: Block[], at: Box, k: number, slot: number, s: Sizes): void {
  if (!blocks.length) return;
  const need = stackHeight(blocks, k, s);
  const extra = Math.max(0, at.h - need) / blocks.length;
  let y = at.y;
  for (const b of blocks) {
    const h = blockHeight(b, k, s) + extra;
    const box = { x: at.x, y, w: colWidth(k, s), h };
    if (b.frame) {
      out.frames.push({ frame: b.frame, kind: 'subnet', box, context: '' });
      for (let i = 0; i < k; i++) out.slots[slot + i].obstacles.push({ ...box, h: s.subhead - 4 });
    }
    const top = b.frame ? s.subhead : 6;
    split(b.cards, k).forEach((list, i) => {
      const room = h - top - s.pad - 4;
      const cardsH = list.reduce((n, c) => n + heightOf(c, s), 0);
      const gap = list.length > 1 ? Math.min(s.gap + 14, (room - cardsH) / (list.length - 1)) : 0;
      let cy = y + top + (room - cardsH - gap * (list.length - 1)) / 2;
      for (const c of list) {
        put(out, c, { x: at.x + s.pad + i * (s.w + s.sub), y: cy, w: s.w, h: heightOf(c, s) }, slot + i);
        cy += heightOf(c, s) + gap;
      }
    });
    y += h + blockGap;
  }
}

/** stackFrame places the internet: one frame, k columns of cards spread over its height. */
function stackFrame(
  out: Layout,
  frame: Frame,
  cards: Card[],
  at: Box,
  k: number,
  s: Sizes,
  centre: boolean,
): void {
  const lists = split(cards, k);
  const tallest = Math.max(...lists.map((l) => l.length));
  const cardsH = tallest * s.h;
  const gap = Math.min(
    s.gap + 16,
    Math.max(s.gap, (at.h - s.subhead - s.pad - cardsH) / Math.max(1, tallest - 1)),
  );
  const h = s.subhead + cardsH + gap * (tallest - 1) + s.pad + 2;
  const y = at.y + (centre ? Math.max(0, (at.h - h) / 2) : 0);
  out.frames.push({ frame, kind: 'internet', box: { x: at.x, y, w: at.w, h }, context: '' });
  lists.forEach((list, i) => {
    const x0 = at.x + s.pad + i * (s.w + s.sub);
    out.slots.push({ x0, x1: x0 + s.w, obstacles: [{ x: at.x, y, w: at.w, h: s.subhead - 4 }] });
    let cy = y + s.subhead;
    for (const c of list) {
      put(out, c, { x: x0, y: cy, w: s.w, h: s.h }, out.slots.length - 1);
      cy += s.h + gap;
    }
  });
}

function put(out: Layout, c: Card, box: Box, slot: number): void {
  out.cards.set(c.id, box);
  out.slotOf.set(c.id, slot);
  out.slots[slot].obstacles.push(box);
  const pitch = (box.w - 12 - tile) / (perRow - 1);
  c.tiles.forEach((t, i) => {
    out.tiles.set(t.id, {
      x: box.x + 6 + (i % perRow) * pitch,
      y: box.y + 30 + Math.floor(i / perRow) * (tile + 6),
      w: tile,
      h: tile,
    });
  });
}
