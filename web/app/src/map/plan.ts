// Plans of the layout "Tiers": which card column and which band each network
// stands in, and what that needs, before any card is placed.
import type { Card, Column, Frame, Scene } from './scene';

export interface Sizes {
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

export const roomy: Sizes = {
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
/** Less air, for more networks than fit otherwise. */
export const close: Sizes = {
  ...roomy,
  w: 132,
  h: 36,
  gap: 8,
  lane: 36,
  side: 34,
  head: 25,
  subhead: 21,
  row: 9,
};
/** One line a card. */
export const slim: Sizes = { ...close, w: 128, h: 26, gap: 8, sub: 34, lane: 56 };

export const columns: Column[] = ['public', 'app', 'data'];

/** A grid of tiles: the more there are, the smaller they are drawn. */
export interface Grid {
  per: number; // in a row
  size: number;
  pitch: number; // downwards
}

export const gridOf = (c: Card): Grid => {
  const n = c.tiles.length;
  if (n <= 20 && !c.cluster) return { per: 5, size: 20, pitch: 26 };
  return n <= 28 ? { per: 7, size: 14, pitch: 18 } : { per: 11, size: 8, pitch: 11 };
};

/** A block is a subnet's cards, or the cards of a network that stand in no subnet. */
export interface Block {
  frame: Frame | null;
  cards: Card[];
  heights: Map<Sizes, number[]>; // by how many columns it is dealt to
}

export interface Row {
  frame: Frame;
  context: string;
  blocks: Record<Column, Block[]>;
}

export interface Parts {
  inet: Frame[];
  rows: Row[];
  services: Frame[];
}

/** A plan says in which card columns and in which band each network stands. */
export interface Plan {
  /** Where the card columns begin; what was chosen stays when only gaps change. */
  xs: (s: Sizes) => number[];
  nets: {
    row: Row;
    band: number;
    first: number;
    last: number;
    at: Map<Column, { slot: number; k: number }>;
  }[];
  bands: number;
  limit: number;
}

export function rowsOf(frame: Frame, context: string, scene: Scene): Row[] {
  const blocks: Row['blocks'] = { public: [], app: [], data: [] };
  const rows: Row[] = [];
  const inner = context ? `${context} / ${frame.label}` : frame.label;
  for (const f of frame.frames) {
    if (f.group?.kind === 'subnet')
      blocks[scene.tiers.get(f.id) ?? 'app'].push({ frame: f, cards: f.cards, heights: new Map() });
    else rows.push(...rowsOf(f, inner, scene));
  }
  for (const c of columns) {
    const cards = frame.cards.filter((k) => (scene.tiers.get(k.id) ?? 'app') === c);
    if (cards.length) blocks[c].push({ frame: null, cards, heights: new Map() });
  }
  if (columns.some((c) => blocks[c].length)) rows.unshift({ frame, context, blocks });
  return rows;
}

/** What a card with tiles has above them. */
export const tilesTop = 29;

export const heightOf = (c: Card, s: Sizes): number => {
  if (!c.tiles.length) return s.h;
  const g = gridOf(c);
  return tilesTop + Math.ceil(c.tiles.length / g.per) * g.pitch + 4;
};

/** split deals cards to k columns of about equal height, read downwards. */
export function split(cards: Card[], k: number, s: Sizes): Card[][] {
  if (k < 2) return cards.length ? [cards] : [];
  const all = cards.reduce((n, c) => n + heightOf(c, s) + s.gap, 0);
  const out: Card[][] = [];
  let seen = 0;
  for (const c of cards) {
    const h = heightOf(c, s) + s.gap;
    const i = Math.min(k - 1, Math.floor(((seen + h / 2) / all) * k));
    seen += h;
    (out[i] ??= []).push(c);
  }
  return out.filter(Boolean);
}

const stackH = (cards: Card[], s: Sizes): number =>
  cards.reduce((n, c) => n + heightOf(c, s), 0) + (cards.length - 1) * s.gap;
const tallest = (cards: Card[], k: number, s: Sizes): number =>
  Math.max(0, ...split(cards, k, s).map((l) => stackH(l, s)));

/** blockHeight is asked very often while a plan is sought, so a block remembers it. */
export function blockHeight(b: Block, k: number, s: Sizes): number {
  const known = b.heights.get(s)?.[k];
  if (known !== undefined) return known;
  const h = (b.frame ? s.subhead : 6) + tallest(b.cards, k, s) + s.pad + 4;
  const of = b.heights.get(s) ?? [];
  of[k] = h;
  b.heights.set(s, of);
  return h;
}

export const blockGap = 9;

export interface Shelf {
  items: { block: Block; k: number; at: number }[];
  h: number;
}

export interface Packed {
  shelves: Shelf[];
  h: number;
}

/** pack lays blocks on shelves of k card columns; a block is as narrow as its height allows. */
export function pack(blocks: Block[], k: number, limit: number, s: Sizes): Packed {
  const shelves: Shelf[] = [];
  let used = k;
  for (const block of blocks) {
    let wide = 1;
    while (wide < Math.min(k, block.cards.length) && blockHeight(block, wide, s) > limit) wide++;
    if (used + wide > k) {
      shelves.push({ items: [], h: 0 });
      used = 0;
    }
    const shelf = shelves[shelves.length - 1];
    shelf.items.push({ block, k: wide, at: used });
    shelf.h = Math.max(shelf.h, blockHeight(block, wide, s));
    used += wide;
  }
  return { shelves, h: shelves.reduce((n, x) => n + x.h, 0) + Math.max(0, shelves.length - 1) * blockGap };
}

/** widthFor is how many card columns a tier needs, so that no row's stack is higher than the limit. */
export function widthFor(rows: Row[], c: Column, limit: number, s: Sizes): number {
  let best = { k: 1, h: Number.POSITIVE_INFINITY };
  const most = Math.max(1, ...rows.map((r) => r.blocks[c].reduce((n, b) => n + b.cards.length, 0)));
  for (let k = 1; k <= Math.min(14, most); k++) {
    const h = Math.max(0, ...rows.map((r) => pack(r.blocks[c], k, limit, s).h));
    if (h < best.h) best = { k, h };
    if (h <= limit) break;
  }
  return best.k;
}

export const colWidth = (k: number, s: Sizes): number => 2 * s.pad + k * s.w + (k - 1) * s.sub;

/** aligned: a band for each network, the same tiers under each other. */
export function aligned(rows: Row[], limit: number, s: Sizes): Plan {
  const at = new Map<Column, { slot: number; k: number }>();
  let n = 0;
  for (const c of columns) {
    if (!rows.some((r) => r.blocks[c].length)) continue;
    const k = widthFor(rows, c, limit, s);
    at.set(c, { slot: n, k });
    n += k;
  }
  const xs = (z: Sizes): number[] => {
    const out: number[] = [];
    let x = 2 * z.pad;
    for (const { k } of at.values()) {
      for (let i = 0; i < k; i++) out.push(x + i * (z.w + z.sub));
      x = out[out.length - 1] + z.w + 2 * z.pad + z.lane;
    }
    return out;
  };
  const nets = rows.map((row, band) => ({ row, band, first: 0, last: n - 1, at }));
  return { xs, nets, bands: rows.length, limit };
}

/** widthsOf is how many card columns each network needs for itself. */
export const widthsOf = (rows: Row[], limit: number, s: Sizes): Map<Column, number>[] =>
  rows.map(
    (r) => new Map(columns.filter((c) => r.blocks[c].length).map((c) => [c, widthFor([r], c, limit, s)])),
  );

/**
 * packed: networks of few tiers share a band of so many card columns. Those
 * whose band is known stay in it.
 */
export function packed(
  rows: Row[],
  widths: Map<Column, number>[],
  limit: number,
  wide: number,
  known: (number | undefined)[] = [],
): Plan {
  const order = [...new Set(known.filter((b) => b !== undefined))].sort((a, b) => a - b);
  const used: number[] = [];
  const nets = rows.map((row, i) => {
    const at = new Map<Column, { slot: number; k: number }>();
    let n = 0;
    for (const [c, k] of widths[i]) {
      at.set(c, { slot: n, k });
      n += k;
    }
    let band = order.indexOf(known[i] ?? -1);
    if (band < 0) band = used.findIndex((u, j) => j >= order.length && u + n <= wide);
    if (band < 0) band = Math.max(used.length, order.length);
    while (used.length <= band) used.push(0);
    const first = used[band];
    used[band] += n;
    for (const v of at.values()) v.slot += first;
    return { row, band, first, last: first + n - 1, at };
  });
  // What meets the internet stands beside it: within a band those networks come first.
  for (let band = 0; band < used.length; band++) {
    let next = 0;
    const inBand = nets.filter((n) => n.band === band);
    const meets = (n: (typeof nets)[number]) => (n.row.blocks.public.length ? 0 : 1);
    for (const n of inBand.sort((a, b) => meets(a) - meets(b))) {
      const move = next - n.first;
      for (const v of n.at.values()) v.slot += move;
      n.first += move;
      n.last += move;
      next = n.last + 1;
    }
  }
  const most = Math.max(0, ...used);
  const xs = (z: Sizes): number[] => {
    const pitch = z.w + Math.max(2 * z.pad + z.lane * 0.75, 4 * z.pad + z.row);
    return Array.from({ length: most }, (_, i) => 2 * z.pad + i * pitch);
  };
  return { xs, nets, bands: used.length, limit };
}

/** A measured plan: how high its bands are, and how large the picture will be. */
export interface Measured {
  shelves: Map<Column, Packed>[];
  bandH: number[];
  rowsH: number;
  near: number; // height of the cloud services
  k: number; // card columns of the internet
  w: number;
  h: number;
  full: number; // the part of its bands that networks fill
  cut: number; // small blocks that are dealt to several columns, which reads badly
}

/** measured says what a plan needs without placing a card. */
export function measured(
  { inet, services }: Parts,
  plan: Plan,
  s: Sizes,
  view: { w: number; h: number },
): Measured {
  const shelves = plan.nets.map(
    (n) => new Map([...n.at].map(([c, a]) => [c, pack(n.row.blocks[c], a.k, plan.limit, s)] as const)),
  );
  let cut = 0;
  for (const net of shelves)
    for (const p of net.values())
      for (const shelf of p.shelves)
        for (const item of shelf.items) if (item.k > 1 && item.block.cards.length < 6) cut++;
  const bandH: number[] = Array(plan.bands).fill(0);
  plan.nets.forEach((n, i) => {
    let most = 0;
    for (const p of shelves[i].values()) most = Math.max(most, p.h);
    bandH[n.band] = Math.max(bandH[n.band], s.head + most + s.pad);
  });
  const rowsH = bandH.reduce((n, h) => n + h, 0) + Math.max(0, plan.bands - 1) * s.row;
  const most = inet.reduce((n, f) => Math.max(n, cardsOf(f).length), 0);
  const near = services.length ? servicesHeight(services, s) : 0;
  const high = Math.max(rowsH, near, Math.min(view.h, outsideHeight(inet, 1, s)), 200);
  let k = inet.length ? 1 : 0;
  while (k && k < most && k < 12 && outsideHeight(inet, k, s) > high * 1.05) k++;
  const xs = plan.xs(s);
  const rowsW = xs.length ? xs[xs.length - 1] + s.w + 2 * s.pad : 0;
  const w = (k ? colWidth(k, s) + s.side : 0) + rowsW + (services.length ? s.side + 10 + colWidth(1, s) : 0);
  const full = plan.nets.reduce((n, x) => n + (x.last - x.first + 1) * bandH[x.band], 0);
  return {
    full: full / Math.max(1, xs.length * rowsH),
    shelves,
    bandH,
    rowsH,
    near,
    k,
    w: Math.max(1, w),
    h: Math.max(rowsH, near, outsideHeight(inet, k, s), 120),
    cut,
  };
}

export const cardsOf = (f: Frame): Card[] => [...f.cards, ...f.frames.flatMap(cardsOf)];

/** boxHeight is that of a box whose cards are dealt to k columns. */
export const boxHeight = (f: Frame, k: number, s: Sizes): number =>
  s.subhead + tallest(cardsOf(f), k, s) + s.pad + 2;

const outsideHeight = (inet: Frame[], k: number, s: Sizes): number =>
  k ? inet.reduce((n, f) => n + boxHeight(f, k, s) + s.row, -s.row) : 0;
const servicesHeight = (list: Frame[], s: Sizes): number =>
  list.reduce((n, f) => n + boxHeight(f, 1, s) + s.row, -s.row);
