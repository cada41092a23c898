// What the user dragged stays where it was put. A box grows to hold its own
// card, unless it would cover what is not its own: then the card stands
// outside, tied to its box by a dashed line.
import { type Box, overlap } from './geometry';
import { finish } from './memory';
import type { Frame, Scene } from './scene';
import type { FrameBox, Layout } from './tiers';

export interface Pin {
  x: number;
  y: number;
}

/**
 * Pins by id. A network's is a place on the map; a card's counts from its
 * network's corner and a tile's from its card's, so they go with them. In the
 * layout "Force" ids begin with `~`, and every place is a centre on the map.
 */
export type Pins = ReadonlyMap<string, Pin>;

const air = 8;
const isRoot = (f: FrameBox): boolean => f.kind !== 'subnet';

/** partsOf lists what a root box holds: its subnets and its cards' ids. */
function partsOf(of: FrameBox): { frames: Set<Frame>; cards: string[] } {
  const frames = new Set<Frame>();
  const cards: string[] = [];
  const walk = (f: Frame): void => {
    for (const c of f.cards) cards.push(c.id);
    for (const g of f.frames)
      if (of.kind !== 'network' || g.group?.kind === 'subnet') {
        frames.add(g);
        walk(g);
      }
  };
  walk(of.frame);
  return { frames, cards };
}

/** originOf is the corner from which the pin of a card, tile or root box counts. */
export function originOf(l: Layout, scene: Scene, id: string): Pin {
  const card = scene.cardOf.get(id);
  if (card && card.id !== id) return l.cards.get(card.id) ?? { x: 0, y: 0 };
  if (!card) return { x: 0, y: 0 };
  const f = l.frames.find((x) => isRoot(x) && partsOf(x).cards.includes(id));
  return f?.origin ?? f?.box ?? { x: 0, y: 0 };
}

/** moved is a layout with what was dragged where it was put. */
export function moved(l: Layout, scene: Scene, pins: Pins): Layout {
  if (l.round || !pins.size) return l;
  const pinned = new Set([...pins.keys()].filter((id) => l.cards.has(id) || l.tiles.has(id)));
  for (const f of l.frames) if (isRoot(f) && pins.has(f.frame.id)) pinned.add(f.frame.id);
  if (!pinned.size) return l;
  const out: Layout = {
    ...l,
    frames: l.frames.map((f) => ({ ...f, box: { ...f.box } })),
    cards: new Map([...l.cards].map(([id, b]) => [id, { ...b }])),
    tiles: new Map([...l.tiles].map(([id, b]) => [id, { ...b }])),
    loose: new Map(),
    pinned,
  };
  for (const root of out.frames) if (isRoot(root)) moveRoot(out, scene, root, pins);
  for (const [id, pin] of pins) {
    const b = out.tiles.get(id);
    const card = b && out.cards.get(scene.cardOf.get(id)!.id);
    if (b && card) [b.x, b.y] = [card.x + pin.x, card.y + pin.y];
  }
  return finish(out);
}

function moveRoot(out: Layout, scene: Scene, root: FrameBox, pins: Pins): void {
  const { frames, cards } = partsOf(root);
  const inner = out.frames.filter((f) => frames.has(f.frame));
  const go = (id: string, dx: number, dy: number): void => {
    const list = [out.cards.get(id)!, ...scene.cardOf.get(id)!.tiles.map((t) => out.tiles.get(t.id)!)];
    for (const b of list) [b.x, b.y] = [b.x + dx, b.y + dy];
  };
  const pin = pins.get(root.frame.id);
  if (pin) {
    const [dx, dy] = [pin.x - root.box.x, pin.y - root.box.y];
    for (const f of [root, ...inner]) [f.box.x, f.box.y] = [f.box.x + dx, f.box.y + dy];
    for (const id of cards) go(id, dx, dy);
  }
  const { x, y } = root.box;
  root.origin = { x, y }; // it may grow to the left and up
  const own = new Set(cards);
  for (const id of cards) {
    const p = pins.get(id);
    const b = out.cards.get(id);
    if (!p || !b) continue;
    go(id, x + p.x - b.x, y + p.y - b.y);
  }
  for (const id of cards) {
    if (!pins.has(id)) continue;
    const sub = inner.find((f) => f.frame.cards.some((c) => c.id === id));
    // From the inside out: each box around it must hold it, or it is tied to that box.
    for (const f of sub ? [sub, root] : [root]) {
      const mine = f === root ? own : new Set(f.frame.cards.map((c) => c.id));
      const free = (g: FrameBox) => g === root || (f === root && inner.includes(g));
      if (grow(out, f, out.cards.get(id)!, mine, free)) continue;
      out.loose!.set(id, f.box);
      break;
    }
  }
}

/** grow makes a box hold a card of its own; false where it would cover what is not. */
function grow(
  out: Layout,
  f: FrameBox,
  card: Box,
  own: Set<string>,
  free: (g: FrameBox) => boolean,
): boolean {
  const head = f.kind === 'network' ? 28 : 22;
  const b = f.box;
  const x = Math.min(b.x, card.x - air);
  const y = Math.min(b.y, card.y - head);
  const w = Math.max(b.x + b.w, card.x + card.w + air) - x;
  const h = Math.max(b.y + b.h, card.y + card.h + air) - y;
  const next = { x, y, w, h };
  const covers = (o: Box): boolean => overlap(next, o) && !overlap(b, o);
  if (out.frames.some((g) => g !== f && !free(g) && covers(g.box))) return false;
  for (const [id, o] of out.cards) if (!own.has(id) && covers(o)) return false;
  Object.assign(b, next);
  return true;
}
