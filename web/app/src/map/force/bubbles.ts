// Bubbles of the layout "Force": the hierarchy as circles in circles. Positions
// count from the centre of the bubble around, so that what it holds goes with it.
import type { Box, Point } from '../geometry';
import type { Pins } from '../move';
import type { Card, Frame, Scene } from '../scene';
import type { FrameBox, Layout } from '../tiers';

export interface Bubble {
  id: string;
  frame: Frame | null;
  card: Card | null;
  up: Bubble | null;
  kids: Bubble[];
  r: number;
  x: number; // from the centre of `up`
  y: number;
  held: boolean; // by the user, at hx, hy of the map
  hx: number;
  hy: number;
  cap: number; // how far from its centre its kids may be
  ax: number; // on the map
  ay: number;
  fx: number; // pull of its paths
  fy: number;
  n: number; // how many of them
}

export const host = 9; // radius of a host
const single = 17;
const air = { card: 11, frame: 8, root: 22 };
/** So many of a service's hosts are drawn at most. */
const most = 24;

/** lattice is the first n places of a honeycomb, from the middle. */
export function lattice(n: number, pitch: number): Point[] {
  const out: Point[] = [];
  const rings = Math.ceil(Math.sqrt(n)) + 1;
  const tall = pitch * Math.sqrt(0.75);
  // Even numbers look better around a gap than around one in the middle.
  const [ox, oy] =
    n === 1 || n === 7 ? [0, 0] : n === 3 ? [pitch / 2, tall / 3] : [pitch / 2, n === 4 ? tall / 2 : 0];
  for (let j = -rings; j <= rings; j++)
    for (let i = -rings; i <= rings; i++) out.push({ x: (i + (j & 1) / 2) * pitch - ox, y: j * tall - oy });
  const far = (p: Point) => Math.round(Math.hypot(p.x, p.y) * 100);
  out.sort((a, b) => far(a) - far(b) || a.y - b.y || a.x - b.x);
  return out.slice(0, n);
}

const far = (list: Point[], r: number): number => Math.max(...list.map((p) => Math.hypot(p.x, p.y))) + r;

/** hostsOf is how many hosts are drawn in a card's bubble. */
export const hostsOf = (c: Card): number =>
  c.tiles.length || (c.node?.kind.startsWith('net.') ? 1 : Math.min(most, c.node?.count ?? 1));

const bubble = (id: string, up: Bubble | null, of: Partial<Bubble>): Bubble => ({
  id,
  up,
  frame: null,
  card: null,
  kids: [],
  r: single,
  x: 0,
  y: 0,
  held: false,
  hx: 0,
  hy: 0,
  cap: 0,
  ax: 0,
  ay: 0,
  fx: 0,
  fy: 0,
  n: 0,
  ...of,
});

function cardBubble(c: Card, up: Bubble): Bubble {
  const b = bubble(c.id, up, { card: c });
  const places = lattice(hostsOf(c), 2 * host + 1.5);
  if (places.length > 1) b.r = far(places, host) + 5;
  if (c.tiles.length)
    b.kids = c.tiles.map((t, i) => bubble(t.id, b, { r: host, x: places[i].x, y: places[i].y }));
  return b;
}

function frameBubble(f: Frame, up: Bubble | null): Bubble {
  const b = bubble(f.id, up, { frame: f });
  b.kids = [...f.frames.map((g) => frameBubble(g, b)), ...f.cards.map((c) => cardBubble(c, b))];
  pack(b);
  return b;
}

/** pack lays a bubble's kids on a spiral, the largest inside, lets them settle, and closes around them. */
function pack(b: Bubble): void {
  const list = [...b.kids].sort((p, q) => q.r - p.r);
  let area = 0;
  list.forEach((k, i) => {
    const d = Math.sqrt(area) * 0.85;
    area += (k.r + gap(k)) ** 2;
    k.x = d * Math.cos(i * 2.39996);
    k.y = d * Math.sin(i * 2.39996);
  });
  for (let i = 0; i < 40; i++) {
    for (const k of list) [k.x, k.y] = [k.x * 0.985, k.y * 0.985];
    apart(list);
  }
  untangle(list);
  close(b);
  b.cap = b.r * 1.12;
}

export const gap = (b: Bubble): number => (b.card ? air.card : b.up ? air.frame : air.root) / 2;

/** around is the middle of the smallest circle around circles, nearly: it walks to the farthest, ever less. */
function around(list: Bubble[], steps: number): Point {
  let [x, y] = [0, 0];
  for (let i = 2; i < steps; i++) {
    let [most, fx, fy] = [0, 0, 0];
    for (const k of list) {
      const d = Math.hypot(k.x - x, k.y - y);
      if (d + k.r <= most) continue;
      most = d + k.r;
      const s = d ? most / d : 1;
      [fx, fy] = [(k.x - x) * s, (k.y - y) * s];
    }
    x += fx / i;
    y += fy / i;
  }
  return { x, y };
}

/** close draws a bubble around what it holds, where that is. */
export function close(b: Bubble, steps = 50): void {
  if (!b.frame || !b.kids.length) return;
  if (!b.held) {
    const m = around(b.kids, steps);
    for (const k of b.kids) {
      k.x -= m.x;
      k.y -= m.y;
    }
    b.x += m.x;
    b.y += m.y;
  }
  b.r = Math.max(28, ...b.kids.map((k) => Math.hypot(k.x, k.y) + k.r + (b.up ? 11 : 14)));
}

/** closeAll closes bubbles from the inside out. */
export function closeAll(list: Bubble[]): void {
  for (const b of list) {
    closeAll(b.kids);
    close(b, 12);
  }
}

/** apart moves what overlaps; it answers how much the worst did. What is held stays. */
export function apart(list: Bubble[], strength = 0.5): number {
  let worst = 0;
  const order = list.length > 40 ? [...list].sort((a, b) => a.x - b.x) : list;
  const widest = Math.max(0, ...list.map((b) => b.r + gap(b)));
  for (let i = 0; i < order.length; i++) {
    const a = order[i];
    for (let j = i + 1; j < order.length; j++) {
      const b = order[j];
      const dx = b.x - a.x;
      const room = a.r + gap(a) + b.r + gap(b);
      if (order !== list && dx > a.r + gap(a) + widest) break;
      const dy = b.y - a.y;
      const d = Math.hypot(dx, dy);
      const over = room - d;
      if (over <= 0.01 || (a.held && b.held)) continue;
      worst = Math.max(worst, over);
      const share = a.held ? 0 : b.held ? 1 : (b.r * b.r) / (a.r * a.r + b.r * b.r);
      const [ux, uy] = d > 0.01 ? [dx / d, dy / d] : [Math.cos(i + j), Math.sin(i + j)];
      const push = over * strength * 2;
      a.x -= ux * push * share * 0.5;
      a.y -= uy * push * share * 0.5;
      b.x += ux * push * (1 - share) * 0.5;
      b.y += uy * push * (1 - share) * 0.5;
    }
  }
  return worst;
}

/** untangle goes on until nothing overlaps. */
export function untangle(list: Bubble[]): void {
  for (let i = 0; i < 400 && apart(list, 1) > 0.05; i++);
}

/** treeOf is the scene as bubbles, packed; no root has a place yet. */
export const treeOf = (scene: Scene): Bubble[] => scene.frames.map((f) => frameBubble(f, null));

export function each(list: Bubble[], f: (b: Bubble) => void): void {
  for (const b of list) {
    f(b);
    each(b.kids, f);
  }
}

/** locate finds where each bubble is on the map, and leaves at its place what is held there. */
export function locate(list: Bubble[], x = 0, y = 0): void {
  for (const b of list) {
    if (b.held) [b.x, b.y] = [b.hx - x, b.hy - y];
    b.ax = x + b.x;
    b.ay = y + b.y;
    locate(b.kids, b.ax, b.ay);
  }
}

const boxOf = (b: Bubble): Box => ({ x: b.ax - b.r, y: b.ay - b.r, w: 2 * b.r, h: 2 * b.r, round: true });

/** layoutOf writes bubbles as the layout that the rest of the map reads. */
export function layoutOf(roots: Bubble[], pins: Pins): Layout {
  locate(roots);
  const frames: FrameBox[] = [];
  const cards = new Map<string, Box>();
  const tiles = new Map<string, Box>();
  const pinned = new Set<string>();
  each(roots, (b) => {
    if (pins.has(`~${b.id}`)) pinned.add(b.id);
    if (b.frame) {
      const side = b.frame.side;
      const kind = side !== 'network' ? side : b.frame.group?.kind === 'subnet' ? 'subnet' : 'network';
      frames.push({ frame: b.frame, kind, box: boxOf(b), context: '' });
    } else if (b.card) cards.set(b.id, boxOf(b));
    else tiles.set(b.id, boxOf(b));
  });
  const all = frames.filter((f) => f.box).map((f) => f.box);
  const x = Math.min(0, ...all.map((b) => b.x));
  const y = Math.min(0, ...all.map((b) => b.y - 22)); // a name stands above
  return {
    frames,
    cards,
    tiles,
    slots: [],
    size: {
      x,
      y,
      w: Math.max(1, ...all.map((b) => b.x + b.w)) - x,
      h: Math.max(1, ...all.map((b) => b.y + b.h)) - y,
    },
    compact: false,
    cardH: 0,
    z: 1,
    headZ: 1,
    k: 1,
    memory: null,
    pinned,
    round: true,
  };
}

/** placed puts bubbles where a layout has them; it answers those that it does not know. */
export function placed(roots: Bubble[], boxes: ReadonlyMap<string, Box>): Set<Bubble> {
  const fresh = new Set<Bubble>();
  const walk = (list: Bubble[], up: Box | null): void => {
    for (const b of list) {
      const box = boxes.get(b.id);
      if (!box?.round) {
        fresh.add(b);
        walk(b.kids, null);
        continue;
      }
      if (!up && b.up) fresh.add(b);
      else {
        b.x = box.x + box.w / 2 - (up ? up.x + up.w / 2 : 0);
        b.y = box.y + box.h / 2 - (up ? up.y + up.h / 2 : 0);
      }
      if (b.frame) b.r = box.w / 2;
      walk(b.kids, box);
    }
  };
  walk(roots, null);
  return fresh;
}
