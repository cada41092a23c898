// The layout "Force", loaded when it is wanted: bubbles that are drawn
// together by their paths, live until they are frozen.
import type { Arranged, Job } from '../arrange';
import type { Pin, Pins } from '../move';
import { scaleOf } from '../routes';
import type { Scene } from '../scene';
import type { Layout } from '../tiers';
import { closeAll, each, layoutOf, locate, placed, treeOf } from './bubbles';
import { forceCourses } from './courses';
import { contain, hold, type Sim, settle, simOf, spread, stay, tick } from './sim';

export { paintBubbles } from './paint';
export { forceCourses };

/** forceJob lays a scene out as bubbles. What is remembered stays; only what is new looks for a place. */
export function forceJob({ scene, pins, memory, key }: Job): Arranged {
  const sim = simOf(scene, treeOf(scene));
  const known = memory?.key === key ? placed(sim.roots, memory.boxes) : null;
  if (known && known.size * 2 < sim.by.size) {
    hold(sim, pins);
    locate(sim.roots);
    each(sim.roots, (b) => {
      if (!known.has(b) && !b.frame) stay(b);
    });
    for (let i = 0; known.size && i < 60; i++) tick(sim, 0.15);
  } else {
    spread(sim.roots);
    hold(sim, pins);
    const ticks = sim.by.size > 1500 ? 160 : 260;
    for (let i = 0; i < ticks; i++) tick(sim, (1 - i / ticks) ** 1.5);
  }
  settle(sim.roots);
  const base = layoutOf(sim.roots, pins);
  return { base, courses: forceCourses(scene, base, scaleOf(scene.strokes, scene.spread)) };
}

/** Live is a layout that moves on. */
export interface Live {
  /** step moves it once and tells whether it is still on its way. */
  step(): boolean;
  /** drag moves one bubble to a place on the map and answers what it pins. */
  drag(id: string, x: number, y: number): Map<string, Pin>;
  warm(alpha: number): void;
  layout(pins: Pins): Layout;
}

/** liveOf takes a layout up where it is. */
export function liveOf(scene: Scene, layout: Layout, pins: Pins): Live {
  const roots = treeOf(scene);
  const boxes = new Map([...layout.cards, ...layout.tiles]);
  for (const f of layout.frames) boxes.set(f.frame.id, f.box);
  placed(roots, boxes);
  const sim: Sim = simOf(scene, roots);
  hold(sim, pins);
  let alpha = 0;
  return {
    warm: (a) => {
      alpha = Math.max(alpha, a);
    },
    step: () => {
      if (alpha < 0.004) return false;
      tick(sim, alpha);
      alpha *= 0.985;
      if (alpha < 0.004) settle(sim.roots);
      return true;
    },
    drag: (id, x, y) => {
      const out = new Map<string, Pin>();
      const b = sim.by.get(id);
      if (!b) return out;
      locate(roots);
      const [dx, dy] = [x - b.ax, y - b.ay];
      stay(b);
      // What is pinned in it goes with it.
      each([b], (k) => {
        if (k.held) [k.hx, k.hy] = [k.hx + dx, k.hy + dy];
      });
      locate(roots);
      contain(b);
      closeAll(roots);
      locate(roots);
      each([b], (k) => {
        if (k.held) out.set(`~${k.id}`, { x: Math.round(k.hx), y: Math.round(k.hy) });
      });
      return out;
    },
    layout: (p) => layoutOf(roots, p),
  };
}
