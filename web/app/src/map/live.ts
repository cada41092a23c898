// The live side of the layout "Force": what is dragged draws the rest along,
// until it is frozen. And dragging, for both layouts.
import { effect } from '@preact/signals';
import { pins as menuPins } from '../act/target';
import { say, view } from '../state';
import type { Live } from './force/force';
import { inside, type Point } from './geometry';
import { boxOf, layout, live, scene, settledLayout } from './model';
import { originOf } from './move';
import { isPinned, keep, pins, release, withPin } from './pins';
import { kit } from './place';
import type { Frame } from './scene';

let now: { of: object; live: Live } | null = null;
let frame = 0;

/** current is the simulation of what is shown. */
function current(): Live | null {
  const [s, l, base] = [scene.value, layout.value, settledLayout.value];
  if (!s || !l?.round || !base || !kit.value) return null;
  if (now?.of !== base) now = { of: base, live: kit.value.liveOf(s, l, pins.value) };
  return now.live;
}

const publish = (l: Live): void => {
  live.value = { of: settledLayout.value!, layout: l.layout(pins.value) };
};

/** run lets the simulation go on, a few milliseconds a picture, until it rests. */
function run(): void {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    const l = current();
    if (!l || view.value.freeze) return;
    const began = performance.now();
    let on = true;
    for (let i = 0; i < 3 && on && performance.now() - began < 5; i++) on = l.step();
    publish(l);
    if (on) run();
  });
}

/** warm sets the simulation going, unless it is frozen. */
export function warm(alpha: number): void {
  const l = current();
  if (!l || view.value.freeze) return;
  l.warm(alpha);
  run();
}

let frozen = view.value.freeze;
effect(() => {
  const f = view.value.freeze;
  if (frozen && !f) queueMicrotask(() => warm(0.5));
  frozen = f;
});

export interface Grip {
  id: string;
  dx: number; // from the pointer to what is placed
  dy: number;
}

/** gripAt is what a drag from here moves: a tile, a card, a network by its header, any bubble. */
export function gripAt(p: Point, node: string): Grip | null {
  const l = layout.value;
  if (!l) return null;
  const of = (id: string, x: number, y: number): Grip => ({ id, dx: x - p.x, dy: y - p.y });
  if (node) {
    const b = boxOf(node);
    return b && of(node, b.x + (l.round ? b.w / 2 : 0), b.y + (l.round ? b.h / 2 : 0));
  }
  let best: Grip | null = null;
  for (const f of l.frames) {
    const b = f.box;
    if (l.round) {
      // Later frames lie in earlier ones.
      if (inside(p, b)) best = of(f.frame.id, b.x + b.w / 2, b.y + b.h / 2);
    } else if (f.kind !== 'subnet' && inside(p, { ...b, h: 26 })) best = of(f.frame.id, b.x, b.y);
  }
  return best;
}

/** dragTo moves what is gripped; nothing is kept yet. */
export function dragTo(g: Grip, p: Point): void {
  const [l, s] = [layout.value, scene.value];
  if (!l || !s) return;
  const [x, y] = [p.x + g.dx, p.y + g.dy];
  if (!l.round) {
    const o = originOf(l, s, g.id);
    pins.value = withPin(g.id, { x: Math.round(x - o.x), y: Math.round(y - o.y) });
    return;
  }
  const sim = current();
  if (!sim) return;
  pins.value = new Map([...pins.value, ...sim.drag(g.id, x, y)]);
  publish(sim);
  warm(0.3);
}

/** gripOf grips a node or a box by its id. */
function gripOf(id: string): [Grip, Point] | null {
  const l = layout.value;
  const b = boxOf(id) ?? l?.frames.find((f) => f.frame.id === id)?.box;
  if (!l || !b) return null;
  const at = { x: b.x + b.w / 2, y: b.y + b.h / 2 };
  return [{ id, dx: l.round ? 0 : b.x - at.x, dy: l.round ? 0 : b.y - at.y }, at];
}

/** networkOf is the outer box that holds a node. */
export function networkOf(id: string): string {
  const card = scene.value?.cardOf.get(id);
  const holds = (f: Frame): boolean => f.cards.includes(card!) || f.frames.some(holds);
  return layout.value?.frames.find((f) => f.kind !== 'subnet' && holds(f.frame))?.frame.id ?? '';
}

let nudged = { id: '', at: 0 };
/** nudge is dragging by the keyboard: a step, and pinned there. */
export function nudge(id: string, dx: number, dy: number): void {
  const found = gripOf(id);
  if (!found) return;
  const [g, at] = found;
  dragTo(g, { x: at.x + dx, y: at.y + dy });
  // Steps one after the other are one drag.
  const goesOn = nudged.id === id && performance.now() - nudged.at < 1500;
  nudged = { id, at: performance.now() };
  void keep(pins.value, goesOn);
  if (!goesOn) say('Moved and pinned');
}

/** drop ends a drag. */
export const drop = (): void => void keep(pins.value);
/** pinHere pins a node where it stands. */
const pinHere = (id: string): void => {
  const found = gripOf(id);
  if (!found) return;
  dragTo(...found);
  drop();
};

menuPins.has = isPinned;
menuPins.toggle = (id) => {
  if (!release(id)) pinHere(id);
};
