// Arranging: a scene and a window become places and courses. It needs no
// browser, so a worker can do it; worker.ts and place.ts share this file.
import type { GraphEdge, GraphNode } from '../api/graph';
import type { Memory } from './memory';
import { moved, type Pins } from './move';
import { type Course, coursesOf, scaleOf } from './routes';
import type { Card, Frame, Scene, Stroke } from './scene';
import { type Layout, tiers } from './tiers';

export type Kind = 'tiers' | 'force';

export interface Job {
  kind: Kind;
  scene: Scene;
  view: { w: number; h: number };
  pins: Pins;
  /** What was where before, so that what stays does not move. */
  memory: Memory | null;
  /** What was asked: for another question things may move. */
  key: string;
}

export interface Arranged {
  base: Layout; // before anything was dragged
  courses: Course[]; // of the layout with what was dragged
}

export function tiersJob({ scene, view, pins, memory, key }: Job): Arranged {
  const base = tiers(scene, view, memory, key);
  return { base, courses: coursesOf(scene, moved(base, scene, pins), scaleOf(scene.strokes, scene.spread)) };
}

const nothing = { r: 0 };
const noEdge: GraphEdge = { s: '', t: '', verdicts: {}, first: '', last: '' };
const bareNode = (n: GraphNode): GraphNode => ({
  id: n.id,
  parent: null,
  kind: n.kind,
  label: '',
  count: n.count,
  in: nothing,
  out: nothing,
});

/** bare is the scene with nothing in it that no layout reads: to be sent to a worker. */
export function bare(scene: Scene): Scene {
  const cards = new Map<Card, Card>();
  const card = (c: Card): Card => {
    let b = cards.get(c);
    if (!b)
      cards.set(
        c,
        (b = { ...c, node: c.node && bareNode(c.node), group: null, tiles: c.tiles.map(bareNode) }),
      );
    return b;
  };
  const frame = (f: Frame): Frame => ({ ...f, cards: f.cards.map(card), frames: f.frames.map(frame) });
  const stroke = (k: Stroke): Stroke => ({ ...k, key: '', edge: noEdge, of: undefined });
  return {
    ...scene,
    frames: scene.frames.map(frame),
    cardOf: new Map([...scene.cardOf].map(([id, c]) => [id, card(c)])),
    nodes: new Map(),
    strokes: scene.strokes.map(stroke),
    single: [],
  };
}

/** dressed gives a layout that a worker made its frames back. */
export function dressed(l: Layout, scene: Scene): Layout {
  const by = new Map<string, Frame>();
  const walk = (f: Frame): void => {
    by.set(f.id, f);
    f.frames.forEach(walk);
  };
  scene.frames.forEach(walk);
  return { ...l, frames: l.frames.map((f) => ({ ...f, frame: by.get(f.frame.id)! })) };
}

/** stripped takes from a layout what the other side has: the frames' contents. */
export const stripped = (l: Layout): Layout => ({
  ...l,
  frames: l.frames.map((f) => ({ ...f, frame: { ...f.frame, cards: [], frames: [], group: null } })),
});

export type ForceKit = typeof import('./force/force');
/** forceKit loads the force layout, which is a file of its own. */
export const forceKit = (): Promise<ForceKit> =>
  import(/* @vite-ignore */ import.meta.env.DEV ? './force/force.ts' : './force.js');
