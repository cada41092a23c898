// The map's signals: graph -> scene -> layout -> routes -> paint list. Each is
// made anew only when what it is made of has changed.
import { computed, effect, signal, untracked } from '@preact/signals';
import { found } from '../act/found';
import { ways } from '../act/target';
import type { Graph } from '../api/graph';
import { count, quantity, unit } from '../format';
import { glyphsRead } from '../glyphs';
import { iconOf } from '../icons';
import { packed } from '../packs';
import { selected as chosen, drawn, graph, isDark, tabled, view } from '../state';
import { playing, steady } from '../time/play';
import type { Arranged, Kind } from './arrange';
import { labelMarks } from './callouts';
import { inside, type Point } from './geometry';
import type { Focus, Mark, Measure, Picture } from './marks';
import type { Memory } from './memory';
import { moved, type Pins } from './move';
import { paint } from './paint';
import { given, pins, settled } from './pins';
import { arrange, kit, small, wantKit } from './place';
import { coursesOf, Route, type Spread, scaleOf, spreadOf } from './routes';
import { type Card, type Column, edgeKey, type Scene, type Stroke, sceneOf } from './scene';
import { dark, light } from './theme';
import type { Layout } from './tiers';

export const size = signal({ w: 900, h: 700 });
export const measure = signal<Measure>((text, font) => text.length * font.size * 0.56);
export const hover = signal<{ node: string; edge: string }>({ node: '', edge: '' });
/** ring is the node that has the keyboard's focus. */
export const ring = signal('');

/** room is what floats over the map's borders. */
export const room = { top: 62, left: 12, right: 12 };
export const bottom = signal(56);

let before: Map<string, Column> | undefined;
let level = '';
let behind: Scene | null = null;
let many = false;
/** told is the scene of the newest answer, before it has a place. */
const told = computed(() => {
  const answer = drawn.value;
  // Where a card stands depends on what it is.
  if (!answer || !glyphsRead.value) return null;
  // Nobody sees the map behind the table: it is drawn when it comes back.
  if (tabled.value) return behind;
  const g = view.value.focus.length ? answer : steady(answer);
  if (g.level !== level) {
    before = undefined;
    many = false;
  }
  level = g.level;
  const s = sceneOf(g, view.value.metric, view.value.show, before, many);
  many = s.clustered;
  before = new Map([...(before ?? []), ...s.tiers]);
  behind = s;
  return s;
});

/** keys tell what was asked for each answer: not when, so that time moves nothing. */
const keys = new WeakMap<Graph, string>();
const keyOf = (kind: Kind): string => {
  const { q, show, hide, focus } = view.peek();
  const g = graph.peek().data;
  if (g && !keys.has(g)) keys.set(g, [g.level, show, q, ...hide].join('\n'));
  return [kind, g && keys.get(g), ...focus].join('\n');
};
/** roomFor: on a phone the map is laid out for a wider window and swiped, or nobody could read it. */
const roomFor = (w: number, h: number) => (w < 600 ? { w: 1500, h: Math.max(h, 520), k: 0.8 } : { w, h });

let spread: [asked: string, of: Spread] = ['', [1, 1, 1]];
/** measured keeps the widths' measure while only time goes on: when live data comes, and at each step of playback. */
function measured(s: Scene, key: string): Spread {
  const { from, to, win, end, expand, cap } = view.peek();
  const time = playing.peek() ? 'playing' : [from, to, win, end];
  const asked = [key, s.metric, cap, time, expand].join('\n');
  if (asked !== spread[0]) spread = [asked, spreadOf(s.strokes)];
  return spread[1];
}

interface Shown extends Arranged {
  scene: Scene;
  pins: Pins;
}
const shown = signal<Shown | null>(null);
const memories = new Map<string, Memory>();
const kind = computed(() => view.value.layout);
const window = computed(() =>
  roomFor(size.value.w - room.left - room.right, size.value.h - room.top - bottom.value),
);
effect(() => {
  const s = told.value;
  const how = kind.value;
  const at = window.value;
  // Bubbles that are dragged live on; only pins from elsewhere arrange them anew.
  const fixed = how === 'force' ? given.value : settled.value;
  untracked(() => {
    if (!s) {
      shown.value = null;
      return;
    }
    const key = keyOf(how);
    s.spread = measured(s, key);
    const memory =
      how === 'force' ? bubbleMemory(key, fixed) : (memories.get(key) ?? memories.get(how) ?? null);
    if (how === 'force') void wantKit();
    arrange(
      { kind: how, scene: s, view: at, pins: how === 'force' ? pins.value : fixed, memory, key },
      (a) => {
        if (a.base.memory) {
          memories.set(key, a.base.memory);
          memories.set(how, a.base.memory);
        }
        lastKey = key;
        lastGiven = fixed;
        shown.value = { ...a, scene: s, pins: fixed };
      },
    );
  });
});

let lastKey = '';
let lastGiven: Pins | null = null;
/** bubbleMemory is where the bubbles are now, dragged and drifted. */
function bubbleMemory(key: string, fixed: Pins): Memory | null {
  const l = layout.value;
  if (!l?.round || key !== lastKey || fixed !== lastGiven) return null;
  const boxes = new Map([...l.cards, ...l.tiles, ...l.frames.map((f) => [f.frame.id, f.box] as const)]);
  return { key, view: size.value, boxes, slots: [], cardH: 0, bands: new Map() };
}

export const scene = computed(() => shown.value?.scene ?? null);
/** settledLayout is the layout that the courses were made for. */
export const settledLayout = computed(() => {
  const a = shown.value;
  return a && moved(a.base, a.scene, a.pins);
});
/** live is what dragging and the simulation made of a layout. */
export const live = signal<{ of: Layout; layout: Layout } | null>(null);
export const layout = computed(() => {
  const a = shown.value;
  const l = settledLayout.value;
  if (!a || !l) return null;
  if (l.round) return live.value?.of === l ? live.value.layout : l;
  return pins.value === a.pins ? l : moved(a.base, a.scene, pins.value);
});
export const scale = computed(() => scaleOf(scene.value?.strokes ?? [], scene.value?.spread));

const settledRoutes = computed<Route[]>(
  () => shown.value?.courses.map((c) => new Route(shown.value!.scene.strokes[c.n], c)) ?? [],
);
/** routes follow what is dragged: all of them where they are few, else those that it touches. */
export const routes = computed<Route[]>(() => {
  const [s, l, old] = [scene.value, layout.value, settledLayout.value];
  if (!s || !l || !old || l === old) return settledRoutes.value;
  const route = l.round ? kit.value?.forceCourses : coursesOf;
  if (!route) return settledRoutes.value;
  const few = s.strokes.length <= small.tiers;
  const at = (x: Layout, id: string) => x.tiles.get(id) ?? x.cards.get(id);
  const still = (id: string): boolean => {
    const [a, b] = [at(l, id), at(old, id)];
    return a?.x === b?.x && a?.y === b?.y;
  };
  const touched = (k: Stroke): boolean => few || !still(k.s) || !still(k.t);
  const fresh = route(s, l, scale.value, touched).map((c) => new Route(s.strokes[c.n], c));
  return few ? fresh : [...settledRoutes.value.filter((r) => !touched(r.stroke)), ...fresh];
});

/** focus is what stays bright: what is pointed at, else what is selected, and its neighbours. */
export const focus = computed<Focus | null>(() => {
  const s = scene.value;
  if (!s) return null;
  const { edge } = view.value;
  const h = hover.value;
  const known = (id: string) => s.cardOf.has(id);
  const selected = new Set(chosen.value.filter(known));
  const selectedEdge = edge && known(edge[0]) && known(edge[1]) ? edgeKey(edge[0], edge[1]) : '';
  const base = { selected, edge: selectedEdge, labels: true };
  const nodes = new Set<string>();
  const edges = new Set<string>();
  const whole = new Set<string>();
  const take = (id: string) => {
    nodes.add(id);
    const c = s.cardOf.get(id);
    if (c) nodes.add(c.id);
    if (c?.id === id) whole.add(id);
  };
  const of = h.node && known(h.node) ? new Set([h.node]) : h.edge ? new Set<string>() : selected;
  const path = h.edge || (h.node ? '' : selectedEdge);
  // Of a host its own paths; of a card those that are drawn at it.
  const all = s.clustered ? [...new Set([...s.strokes, ...s.single])] : s.strokes;
  const bright = (k: Stroke): void => {
    edges.add(k.key);
    take(k.s);
    take(k.t);
  };
  // What is pointed at comes first, then what is searched for, then the selection.
  const hits = h.node || h.edge ? null : found.value;
  if (hits?.size) {
    for (const id of hits) take(id);
    for (const k of s.single) if (hits.has(k.s) && hits.has(k.t)) edges.add(k.key);
    return { ...base, nodes, edges, whole, labels: false };
  }
  if (ways.value && !h.node && !h.edge) {
    const on = new Set(ways.value.edges.map((e) => edgeKey(e.s, e.t)));
    for (const k of s.single) if (on.has(k.key)) bright(k);
    return { ...base, nodes, edges, whole };
  }
  if (!of.size && !path) return null;
  for (const id of of) take(id);
  const mine = (id: string) => of.has(id) || of.has(s.cardOf.get(id)?.id ?? '');
  const drawnAt = (k: Stroke) => of.has(k.s) || of.has(k.t) || (!s.clustered && (mine(k.s) || mine(k.t)));
  for (const k of all) if (path ? k.key === path : drawnAt(k)) bright(k);
  return { ...base, nodes, edges, whole };
});

/** apart are the paths in focus that are else drawn in a bundle. */
const apart = computed<Route[]>(() => {
  const s = scene.value;
  const f = focus.value;
  if (!s?.clustered || !f || !layout.value) return [];
  const bundled = new Set(s.strokes.map((k) => k.key));
  const strokes = s.single.filter((k) => f.edges.has(k.key) && !bundled.has(k.key)).slice(0, 400);
  const route = layout.value.round ? kit.value?.forceCourses : coursesOf;
  if (!strokes.length || !route) return [];
  return route({ ...s, strokes }, layout.value, scale.value, () => true).map(
    (c) => new Route(strokes[c.n], c),
  );
});
/** seen are all routes of the picture. */
export const seen = computed<Route[]>(() =>
  apart.value.length ? [...routes.value, ...apart.value] : routes.value,
);

export const theme = computed(() => (isDark.value ? dark : light));

const picture = (f: Focus | null): Picture | null =>
  scene.value && layout.value
    ? {
        scene: scene.value,
        layout: layout.value,
        routes: f ? seen.value : routes.value,
        theme: theme.value,
        measure: measure.value,
        focus: f,
        packed,
      }
    : null;

const painted = (p: Picture | null): Mark[] =>
  p ? (p.layout.round ? (kit.value?.paintBubbles(p) ?? []) : paint(p)) : [];

/** On a large map what is in focus is drawn over a veil: the rest is not made anew. */
const large = computed(() => routes.value.length > 1200);
export const marks = computed<Mark[]>(() => painted(picture(large.value ? null : focus.value)));
export const lit = computed<Mark[]>(() => {
  const p = large.value && focus.value ? picture(focus.value) : null;
  if (!p) return [];
  const near = new Map([...p.scene.cardOf].filter(([, c]) => p.focus!.nodes.has(c.id)));
  const hot = p.routes.filter((r) => p.focus!.edges.has(r.stroke.key));
  for (const { stroke: k } of hot) for (const id of [k.s, k.t]) near.set(id, p.scene.cardOf.get(id)!);
  const part = {
    ...p,
    layout: { ...p.layout, frames: [], loose: undefined },
    routes: hot,
    scene: { ...p.scene, cardOf: near },
  };
  return painted(part);
});

/** labels lie over the moving dots, so they are drawn apart. */
export const labels = computed<Mark[]>(() => {
  const p = picture(focus.value);
  // A picture of nothing but what was stopped says how much, as long as that can be read.
  const audit = p && view.value.show !== 'all' && p.routes.length < 40 && p.routes.every((r) => r.mark);
  return p && (p.focus?.labels || audit) ? labelMarks(p) : [];
});

/** plainMarks is the picture without focus, for a file. */
export const plainMarks = (): Mark[] => painted(picture(null));

/** sheetMarks is the picture on white paper. */
export const sheetMarks = (): Mark[] => {
  const p = picture(null);
  return painted(p && { ...p, theme: light });
};

/** hit says what lies under a point of the map. */
export function hit(p: Point, near: number): { node: string; edge: string } {
  const l = layout.value;
  if (!l) return { node: '', edge: '' };
  for (const [id, b] of l.tiles) if (inside(p, b, 1)) return { node: id, edge: '' };
  for (const [id, b] of l.cards) if (inside(p, b)) return { node: id, edge: '' };
  let best = near;
  let edge = '';
  for (const r of seen.value) {
    const d = r.apart(p, near + 5) - r.width / 2;
    if (d < best) {
      best = d;
      edge = r.stroke.key;
    }
  }
  return { node: '', edge };
}

/** boxAt is the innermost box around a point: a network, a subnet. */
export function boxAt(p: Point): string {
  const on = (layout.value?.frames ?? []).filter((f) => f.frame.group && inside(p, f.box));
  const area = (f: (typeof on)[number]) => f.box.w * f.box.h;
  return on.sort((a, b) => area(a) - area(b))[0]?.frame.id ?? '';
}

/** headerAt is the box whose header lies under a point. */
export const headerAt = (p: Point): string =>
  layout.value?.frames.findLast((f) => inside(p, layout.value!.round ? f.box : { ...f.box, h: 24 }))?.frame
    .id ?? '';

/** endsOf are the nodes of a path; of a bundle that the server does not know, its largest path's. */
export function endsOf(key: string): [string, string] {
  const k = scene.value?.strokes.find((x) => x.key === key);
  if (!k?.of || (!isPiece(k.s) && !isPiece(k.t))) return key.split('\n') as [string, string];
  const best = k.of.reduce((a, b) => ((b.value ?? b.records) > (a.value ?? a.records) ? b : a));
  return [best.s, best.t];
}

/** isPiece tells a piece of address space, which is no node of the server's. */
export const isPiece = (id: string): boolean => {
  const c = scene.value?.cardOf.get(id);
  return c?.id === id && !c.node && !c.group;
};

/** summary is what the map says of itself. */
export const summary = computed(() => {
  const g = drawn.value;
  if (tabled.value && g) return `${count(g.nodes.length)} nodes, ${count(g.edges.length)} paths`;
  const s = scene.value;
  if (!s) return 'No map yet';
  const paths = new Set(s.single.map((k) => k.key)).size;
  const denied = s.single.filter((k) => k.verdict === 'denied').length;
  const cards = new Set(s.cardOf.values()).size;
  return `${count(cards)} ${cards === 1 ? 'group' : 'groups'}, ${count(paths)} ${paths === 1 ? 'path' : 'paths'}, ${count(denied)} denied`;
});

const home = (c: Card): string => {
  const l = layout.value;
  const found = l?.frames.find((f) => f.frame.cards.includes(c));
  const outer =
    found?.kind === 'subnet' ? l?.frames.find((f) => f.frame.frames.includes(found.frame))?.frame.label : '';
  return [outer, found?.frame.label].filter(Boolean).join(' ');
};

export interface Item {
  id: string;
  label: string; // read aloud
}

/** items is one entry a visible node, in the order of the eye: by column, then downwards. */
export const items = computed<Item[]>(() => {
  const s = scene.value;
  // Before anything was dragged: the list does not turn under who drags by keyboard.
  const l = shown.value?.base;
  if (!s || !l) return [];
  const cards = [...new Set(s.cardOf.values())];
  cards.sort(
    (a, b) =>
      (l.round ? 0 : (l.cards.get(a.id)?.x ?? 0) - (l.cards.get(b.id)?.x ?? 0)) ||
      (l.cards.get(a.id)?.y ?? 0) - (l.cards.get(b.id)?.y ?? 0),
  );
  const peers = new Map<string, number>();
  for (const k of s.single) if (k.verdict !== 'denied') peers.set(k.t, (peers.get(k.t) ?? 0) + 1);
  return cards.flatMap((c) => {
    const n = c.node;
    const of =
      (c.tiles.length ? `${c.tiles.length} hosts${c.cluster ? '' : ', opened'}` : '') ||
      ((n?.count ?? 1) > 1 ? `${n?.count} endpoints` : '');
    const m = s.metric;
    const incoming = n
      ? m === 'bytes'
        ? n.in.b
        : m === 'packets'
          ? n.in.p
          : m === 'opened'
            ? n.in.o
            : n.in.r
      : null;
    const from = peers.get(c.id) ?? 0;
    const text = [
      [c.label, iconOf(c.kind).title, home(c)].filter(Boolean).join(', '),
      of,
      incoming != null && from ? `in ${quantity(incoming, m)}${unit(m)} from ${from}` : '',
      c.denied ? `${count(c.denied)} stopped` : '',
    ];
    return [
      // A piece of address space is no node.
      ...(c.node || c.group ? [{ id: c.id, label: text.filter(Boolean).join('; ') }] : []),
      ...c.tiles.map((t) => ({ id: t.id, label: `${t.label}, ${t.detail ?? 'host'} of ${c.label}` })),
    ];
  });
});

export const boxOf = (id: string) => layout.value?.tiles.get(id) ?? layout.value?.cards.get(id) ?? null;

/** nearest is the next node in a direction: mostly ahead, hardly aside. */
export function nearest(id: string, dx: number, dy: number): string {
  const l = layout.value;
  const at = boxOf(id);
  if (!l || !at) return '';
  const [cx, cy] = [at.x + at.w / 2, at.y + at.h / 2];
  let best = '';
  let cost = Number.POSITIVE_INFINITY;
  for (const [other, b] of [...l.cards, ...l.tiles]) {
    if (other === id) continue;
    const x = b.x + b.w / 2 - cx;
    const y = b.y + b.h / 2 - cy;
    const ahead = x * dx + y * dy;
    if (ahead < 4) continue;
    const c = ahead + 2.2 * Math.abs(x * dy - y * dx);
    if (c < cost) {
      cost = c;
      best = other;
    }
  }
  return best;
}

/** peer is the next one along the paths of a node. */
export function peer(id: string, from: string, step: number): string {
  const s = scene.value;
  if (!s) return '';
  const list = [...new Set(s.strokes.flatMap((k) => (k.s === id ? [k.t] : k.t === id ? [k.s] : [])))].sort();
  if (!list.length) return '';
  const i = list.indexOf(from);
  return list[(i + step + list.length) % list.length];
}
