// Memory of the layout "Tiers": what stood where, so that a refresh moves
// nothing. What was seen first decides. New cards fill gaps or stand below the
// others; a box that must grow pushes down only what lies under it.
import { type Box, overlap } from './geometry';
import { cardsOf, heightOf, roomy } from './plan';
import type { Card, Scene } from './scene';
import { type FrameBox, type Layout, put, type Slot } from './tiers';

/** Bands tell where each network was first seen: other questions keep to its band. */
export type Bands = Map<string, { band: number; x: number }>;

export interface Memory {
  /** What was asked: another question may be answered by another plan. */
  key: string;
  view: { w: number; h: number };
  boxes: Map<string, Box>; // of cards and frames, as they were first seen
  slots: [number, number][];
  cardH: number;
  bands: Bands;
}

/** holds tells whether everything may stay where it is. A little more room is no reason to move. */
export function holds(
  m: Memory | null,
  key: string,
  view: { w: number; h: number },
  scene: Scene,
): m is Memory {
  if (m?.key !== key || scene.cardOf.size > m.boxes.size * 2 + 20) return false;
  return [view.w / m.view.w, view.h / m.view.h].every((x) => x > 0.8 && x < 1.25);
}

/** remember adds to what is known what is new in a layout. */
export function remember(m: Memory | null, l: Layout, key: string, view: { w: number; h: number }): Memory {
  const same = m?.key === key ? m : null;
  const boxes = new Map(same?.boxes);
  for (const [id, b] of [...l.frames.map((f) => [f.frame.id, f.box] as const), ...l.cards])
    if (!boxes.has(id)) boxes.set(id, { ...b });
  const bands: Bands = new Map(m?.bands);
  const nets = l.frames.filter((f) => f.kind === 'network');
  const rows = [...new Set(nets.map((f) => f.box.y))].sort((a, b) => a - b);
  const next = Math.max(-1, ...[...bands.values()].map((b) => b.band)) + 1;
  const fresh = nets.filter((f) => !bands.has(f.frame.id));
  // Those that stand beside a known one are of its band.
  const beside = new Map(
    nets.map((f) => [f.box.y, bands.get(f.frame.id)?.band] as const).filter((e) => e[1] !== undefined),
  );
  for (const f of fresh)
    bands.set(f.frame.id, { band: beside.get(f.box.y) ?? next + rows.indexOf(f.box.y), x: f.box.x });
  return {
    key,
    view: same?.view ?? view,
    boxes,
    slots: l.slots.map((s) => [s.x0, s.x1]),
    cardH: l.cardH,
    bands,
  };
}

/** A part is moved with all that it holds. */
interface Part {
  box: Box;
  inner: Box[];
}

const low = (b: Box): number => b.y + b.h;
const lowest = (list: Box[]): number => Math.max(0, ...list.map(low));
const across = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w;

/** settle pushes down what is covered by what lies above it, and nothing else. */
function settle(parts: Part[], gap: number): void {
  parts.sort((a, b) => a.box.y - b.box.y);
  parts.forEach(({ box, inner }, i) => {
    let y = box.y;
    for (const { box: a } of parts.slice(0, i)) if (across(a, box) && low(a) > y) y = low(a) + gap;
    const dy = y - box.y;
    if (dy) for (const b of [box, ...inner]) b.y += dy;
  });
}

const heads = { network: 28, subnet: 23, internet: 23, services: 25 };

/** kept is a scene laid out with what is remembered in its place; `fresh` is the layout without memory. */
export function kept(m: Memory, scene: Scene, fresh: Layout): Layout {
  const out: Layout = { ...fresh, frames: [], cards: new Map(), tiles: new Map(), cardH: m.cardH };
  const slots = m.slots.slice();
  const sizes = { ...roomy, h: m.cardH };
  const tops: Part[] = [];
  for (const f of fresh.frames) {
    if (f.kind === 'subnet') continue;
    const was = m.boxes.get(f.frame.id);
    if (!was) {
      tops.push(added(out, f, fresh, tops, slots));
      continue;
    }
    const top: FrameBox = { ...f, box: { ...was } };
    out.frames.push(top);
    const parts: Part[] = [];
    const direct = f.kind === 'network' ? f.frame.cards : cardsOf(f.frame);
    for (const g of f.kind === 'network' ? f.frame.frames : []) {
      if (g.group?.kind !== 'subnet') continue;
      const known = m.boxes.get(g.id);
      const box = known
        ? { ...known }
        : room(fresh.frames.find((x) => x.frame === g)!.box, top.box, parts, slots);
      const cards = fill(m, g.cards, box, heads.subnet, slots, sizes.h, []);
      for (const [c, b] of cards) out.cards.set(c.id, b);
      const inner = cards.map(([, b]) => b);
      box.h = Math.max(box.h, lowest(inner) + 9 - box.y);
      out.frames.push({ frame: g, kind: 'subnet', box, context: '' });
      parts.push({ box, inner });
    }
    settle(parts, 9);
    for (const [c, b] of fill(
      m,
      direct,
      top.box,
      heads[f.kind],
      slots,
      sizes.h,
      parts.map((p) => p.box),
    )) {
      out.cards.set(c.id, b);
      parts.push({ box: b, inner: [] });
    }
    settle(parts, 9);
    top.box.h = Math.max(top.box.h, lowest(parts.map((p) => p.box)) + 9 - top.box.y);
    tops.push({ box: top.box, inner: parts.flatMap((p) => [p.box, ...p.inner]) });
  }
  settle(tops, 12);
  out.slots = slots.sort((a, b) => a[0] - b[0]).map(([x0, x1]) => ({ x0, x1, obstacles: [] }));
  for (const c of new Set(scene.cardOf.values())) put(out, c, out.cards.get(c.id)!, -1);
  return finish(out);
}

/** fill places the cards of one box: the known ones where they were, new ones in the first gap. */
function fill(
  m: Memory,
  cards: Card[],
  box: Box,
  head: number,
  slots: [number, number][],
  h: number,
  taken: Box[],
): [Card, Box][] {
  const heightNow = (c: Card): number => (c.tiles.length ? heightOf(c, { ...roomy, h }) : h);
  const out: [Card, Box][] = [];
  for (const c of cards) {
    const b = m.boxes.get(c.id);
    if (b) out.push([c, { ...b, h: heightNow(c) }]);
  }
  settle(
    out.map(([, b]) => ({ box: b, inner: [] })),
    8,
  );
  const columns = slots.filter(([x0, x1]) => x0 >= box.x && x1 <= box.x + box.w);
  for (const c of cards) {
    if (m.boxes.has(c.id)) continue;
    const full = [...taken, ...out.map(([, b]) => b)];
    let best: Box | null = null;
    for (const [x0, x1] of columns.length ? columns : [[box.x + 8, box.x + box.w - 8]]) {
      const spot = (y: number): Box => ({ x: x0, y, w: x1 - x0, h: heightNow(c) });
      for (const y of [box.y + head, ...full.filter((b) => across(b, spot(0))).map((b) => low(b) + 8)]) {
        const b = spot(y);
        if ((!best || y < best.y) && !full.some((o) => overlap(o, b, 4))) best = b;
      }
    }
    out.push([c, best!]);
  }
  return out;
}

/** room is where a new subnet stands: below the others of its column, as wide as one card. */
function room(like: Box, net: Box, parts: Part[], slots: [number, number][]): Box {
  const columns = slots.filter(([x0, x1]) => x0 >= net.x && x1 <= net.x + net.w);
  const [x0, x1] = columns.sort((a, b) => Math.abs(a[0] - like.x) - Math.abs(b[0] - like.x))[0] ?? [
    net.x + 8,
    net.x + net.w - 8,
  ];
  const box = { x: x0 - 8, y: net.y + heads.network, w: x1 - x0 + 16, h: 30 };
  const over = parts.map((p) => p.box).filter((b) => across(b, box));
  if (over.length) box.y = lowest(over) + 9;
  return box;
}

/** added places a new network, or a new side, as it would be without memory, below what is there. */
function added(out: Layout, f: FrameBox, fresh: Layout, tops: Part[], slots: [number, number][]): Part {
  const ids = new Set(
    f.kind === 'network' ? f.frame.frames.filter((g) => g.group?.kind === 'subnet').map((g) => g.id) : [],
  );
  const frames = fresh.frames
    .filter((g) => g === f || ids.has(g.frame.id))
    .map((g) => ({ ...g, box: { ...g.box } }));
  const cards = f.kind === 'network' ? frames.flatMap((g) => g.frame.cards) : cardsOf(f.frame);
  const boxes: [string, Box][] = cards.map((c) => [c.id, { ...fresh.cards.get(c.id)! }]);
  const box = frames.find((g) => g.frame === f.frame)!.box;
  const beside = f.kind === 'network' ? out.frames.filter((g) => g.kind === 'network') : [];
  const dx = beside.length ? Math.min(...beside.map((g) => g.box.x)) - box.x : 0;
  const dy = beside.length
    ? lowest(tops.map((t) => t.box).filter((b) => across(b, { ...box, x: box.x + dx }))) + 12 - box.y
    : 0;
  const inner = [...boxes.map(([, b]) => b), ...frames.map((g) => g.box).filter((b) => b !== box)];
  for (const b of [box, ...inner]) {
    b.x += dx;
    b.y += dy;
  }
  for (const [id, b] of boxes) {
    out.cards.set(id, b);
    if (!slots.some(([x0, x1]) => b.x < x1 && b.x + b.w > x0)) slots.push([b.x, b.x + b.w]);
  }
  out.frames.push(...frames);
  return { box, inner };
}

const headOf = { network: 26, subnet: 19, internet: 19, services: 0 };

/** blocked is what stands in a column: its cards and the headers of its boxes. */
export function blocked(s: Slot, l: Layout): Slot {
  const at = (b: Box): boolean => b.x < s.x1 && b.x + b.w > s.x0;
  const heads = l.frames
    .filter((f) => headOf[f.kind] && at(f.box))
    .map((f) => ({ ...f.box, h: headOf[f.kind] }));
  return { ...s, obstacles: [...heads, ...[...l.cards.values()].filter(at)].sort((a, b) => a.y - b.y) };
}

/** finish makes of placed boxes a layout: columns with their obstacles, and the size of all. */
export function finish(l: Layout): Layout {
  const all = [...l.frames.map((f) => f.box), ...l.cards.values(), ...l.tiles.values()];
  const x = Math.min(0, ...all.map((b) => b.x));
  const y = Math.min(0, ...all.map((b) => b.y));
  const w = Math.max(1, ...all.map((b) => b.x + b.w)) - x;
  return {
    ...l,
    slots: l.slots.map((s) => blocked(s, l)),
    size: { x, y, w, h: Math.max(1, ...all.map(low)) - y },
  };
}
