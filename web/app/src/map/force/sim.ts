// The simulation of the layout "Force": paths pull, neighbours keep apart, and
// nothing leaves its bubble. No chance in it: the same input gives the same picture.
import type { Pins } from '../move';
import type { Scene } from '../scene';
import { apart, type Bubble, close, closeAll, each, gap, locate, untangle } from './bubbles';

export interface Sim {
  roots: Bubble[];
  links: [Bubble, Bubble, number][];
  by: Map<string, Bubble>;
}

export function simOf(scene: Scene, roots: Bubble[]): Sim {
  const by = new Map<string, Bubble>();
  each(roots, (b) => by.set(b.id, b));
  const links = new Map<string, [Bubble, Bubble, number]>();
  for (const k of scene.strokes) {
    const [s, t] = [by.get(k.s), by.get(k.t)];
    if (!s || !t || s === t) continue;
    const key = k.s < k.t ? `${k.s}\n${k.t}` : `${k.t}\n${k.s}`;
    const w = 1 + Math.log10(1 + (k.value ?? 0)) / 4;
    const known = links.get(key);
    if (known) known[2] += w;
    else links.set(key, [s, t, w]);
  }
  return { roots, links: [...links.values()], by };
}

/** hold fixes what the user put somewhere. */
export function hold(sim: Sim, pins: Pins): void {
  each(sim.roots, (b) => {
    const p = pins.get(`~${b.id}`);
    b.held = Boolean(p);
    if (p) [b.hx, b.hy] = [p.x, p.y];
  });
}

/** stay holds a bubble where it is. */
export const stay = (b: Bubble): void => {
  b.held = true;
  [b.hx, b.hy] = [b.ax, b.ay];
};

const depth = (b: Bubble): number => (b.up ? depth(b.up) + 1 : 0);

/** tick moves everything once; alpha (1 to 0) says how far. */
export function tick(sim: Sim, alpha: number): void {
  locate(sim.roots);
  each(sim.roots, (b) => {
    b.fx = b.fy = b.n = 0;
  });
  for (const [s, t, w] of sim.links) {
    let a = s;
    let b = t;
    let [da, db] = [depth(a), depth(b)];
    // Every bubble on the way up is drawn to where its path goes.
    while (a !== b) {
      if (da >= db) pull(a, t, w);
      if (db >= da) pull(b, s, w);
      if (a.up === b.up) break;
      const [ga, gb] = [da >= db, db >= da];
      if (ga) [a, da] = [a.up!, da - 1];
      if (gb) [b, db] = [b.up!, db - 1];
    }
  }
  drift(sim.roots, alpha, true);
  each(sim.roots, (b) => {
    if (b.frame) drift(b.kids, alpha, false);
  });
  closeAll(sim.roots);
}

function pull(b: Bubble, to: Bubble, w: number): void {
  const dx = to.ax - b.ax;
  const dy = to.ay - b.ay;
  const d = Math.hypot(dx, dy) || 1;
  b.fx += (dx / d) * w;
  b.fy += (dy / d) * w;
  b.n += w;
}

function drift(list: Bubble[], alpha: number, top: boolean): void {
  for (const b of list) {
    if (b.held) continue;
    const step = alpha * (top ? 14 : 5);
    if (b.n) {
      b.x += (b.fx / b.n) * step;
      b.y += (b.fy / b.n) * step;
    }
    // The window is wide, so the whole is drawn together more from above and below.
    b.x -= b.x * alpha * (top ? 0.02 : 0.07);
    b.y -= b.y * alpha * (top ? 0.05 : 0.07);
  }
  for (let i = 0; i < (top ? 3 : 2); i++) {
    apart(list, 0.5);
    for (const b of list) contain(b);
  }
}

/** contain keeps a bubble near its neighbours; one that is held takes the bubble around along. */
export function contain(b: Bubble): void {
  const up = b.up;
  if (!up) return;
  const room = Math.max(0, up.cap - b.r - (b.card ? 6 : 4));
  const d = Math.hypot(b.x, b.y);
  if (d <= room) return;
  const k = d ? room / d : 0;
  const [dx, dy] = [b.x - b.x * k, b.y - b.y * k];
  if (b.held && !up.held) {
    up.x += dx;
    up.y += dy;
    contain(up);
  }
  b.x -= dx;
  b.y -= dy;
}

/** settle ends with nothing overlapping: bubbles close around their kids from the inside out. */
export function settle(list: Bubble[]): void {
  for (const b of list) {
    if (!b.frame) continue;
    settle(b.kids);
    close(b);
  }
  untangle(list);
}

/** spread gives the roots their first places: the internet left, services right, networks around the middle. */
export function spread(roots: Bubble[]): void {
  const nets = roots.filter((b) => b.frame!.side === 'network');
  const ring = nets.reduce((n, b) => n + b.r + gap(b), 0) / Math.PI;
  nets.forEach((b, i) => {
    const turn = (i / nets.length) * 2 * Math.PI - Math.PI / 2;
    const d = nets.length > 1 ? Math.max(ring, 10) : 0;
    b.x = d * Math.cos(turn) * 1.2;
    b.y = d * Math.sin(turn) * 0.8;
  });
  const edge = Math.max(100, ...nets.map((b) => Math.abs(b.x) + b.r));
  let [left, right] = [0, 0];
  for (const b of roots) {
    if (b.frame!.side === 'network') continue;
    const out = b.frame!.side === 'internet' ? -1 : 1;
    const like = nets.filter((n) => n.frame!.provider === b.frame!.provider);
    b.x = out * (edge + b.r + 30);
    b.y =
      out < 0 ? left++ * 40 : (like.reduce((n, k) => n + k.y, 0) / (like.length || 1)) * 1.1 + right++ * 7;
  }
}
