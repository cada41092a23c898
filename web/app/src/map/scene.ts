// Scene: what the answer of /graph means, before anything has a place.
import type { Graph, GraphEdge, GraphNode, Group } from '../api/graph';
import type { Answer, At, Metric, Provider, Show, Tier, Verdict } from '../api/words';
import { metricOf } from '../format';
import { iconOf, providerNames, providerOrder } from '../icons';
import { bundle, few, gather, pieceOf } from './clusters';
import type { Spread } from './routes';

export type Side = 'internet' | 'network' | 'services';
export type Column = 'public' | 'app' | 'data';

/** A card is a node, or a service with its hosts as tiles: opened, or one of too many hosts. */
export interface Card {
  id: string;
  node: GraphNode | null; // null: it holds tiles
  group: Group | null; // what the server knows it as; null: a piece of address space
  tiles: GraphNode[];
  label: string;
  kind: string;
  provider: Provider;
  country?: string;
  value: number | null; // in the chosen metric, both directions
  denied: number; // records stopped on the way to it
  self?: number | null; // between its members; undefined: nothing
  cluster?: boolean; // of too many hosts; see clusters.ts
}

/** A frame is a box around cards: a network's row, a subnet, the internet, a provider's services. */
export interface Frame {
  id: string;
  group: Group | null; // null: the network is not known
  side: Side;
  provider: Provider;
  label: string;
  cards: Card[]; // directly in it
  frames: Frame[];
}

/** A stroke is one verdict of one path. */
export interface Stroke {
  key: string; // of the edge
  s: string; // node ids
  t: string;
  edge: GraphEdge;
  verdict: Verdict;
  value: number | null;
  records: number;
  at: At;
  answer: Answer;
  of?: Stroke[]; // of a bundle
}

export interface Scene {
  frames: Frame[];
  /** Where each node is drawn: its own card, or the card that holds its tile. */
  cardOf: Map<string, Card>;
  nodes: Map<string, GraphNode>;
  strokes: Stroke[]; // what is drawn: those between clusters as bundles
  single: Stroke[]; // each of them
  clustered: boolean;
  tiers: Map<string, Column>; // of frames and cards that stand in a column
  metric: Metric;
  /** What widths are measured by; missing: the strokes themselves. */
  spread?: Spread;
}

export const edgeKey = (s: string, t: string): string => `${s}\n${t}`;

export const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** byPlace orders cards: what meets the outside first, then by name. It depends on nothing that changes at a refresh. */
const byPlace = (a: Card, b: Card): number =>
  iconOf(a.kind).rank - iconOf(b.kind).rank || names.compare(a.label, b.label) || (a.id < b.id ? -1 : 1);

/** lost is the box of what lies in no network that is known. */
export const lost = 'Network not known';

/** What a group is, where the server only says that it is one. */
const levelKinds: Record<string, string> = {
  provider: 'aws.vpc',
  network: 'aws.vpc',
  subnet: 'azure.subnet',
};

/** Groups that are drawn as a card with their hosts as tiles when they are opened. */
const holders = new Set(['service', 'net', 'scanners']);

const boxes = new Set(['provider', 'account', 'region', 'network', 'subnet']);

/** sceneOf keeps what was decided before: the columns, and whether there are too many hosts to draw each. */
export function sceneOf(
  graph: Graph,
  metric: Metric,
  show: Show,
  before?: Map<string, Column>,
  wereMany = false,
): Scene {
  const groups = new Map(graph.groups.map((g) => [g.id, g]));
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const frames = new Map<string, Frame>();
  const roots: Frame[] = [];
  const cardOf = new Map<string, Card>();
  const cards: Card[] = [];

  const sideOf = (g: Group): Side =>
    g.id.startsWith('inet:')
      ? 'internet'
      : g.kind === 'internet' || g.kind === 'services'
        ? g.kind
        : 'network';
  // Above networks nothing lies around a node but its cloud.
  const clouds = graph.level === 'network' || graph.level === 'region' || graph.level === 'account';
  const frameOf = (id: string | null, side: Side, provider: Provider = ''): Frame => {
    const group = id === null ? null : (groups.get(id) ?? null);
    const cloud = clouds && side === 'network' ? provider : '';
    const key = group ? group.id : `none:${side}${cloud && `:${cloud}`}`;
    const known = frames.get(key);
    if (known) return known;
    const frame: Frame = {
      id: key,
      group,
      side: group ? sideOf(group) : side,
      provider: group?.provider ?? cloud,
      label:
        group?.label ??
        (side === 'internet'
          ? 'Internet'
          : side === 'services'
            ? 'Cloud services'
            : cloud
              ? providerNames[cloud]
              : graph.level === 'provider'
                ? 'Clouds'
                : lost),
      cards: [],
      frames: [],
    };
    frames.set(key, frame);
    if (group?.parent && groups.has(group.parent)) frameOf(group.parent, frame.side).frames.push(frame);
    else roots.push(frame);
    return frame;
  };

  for (const g of graph.groups) {
    if (!holders.has(g.kind)) {
      if (boxes.has(g.kind)) frameOf(g.id, 'network');
      continue;
    }
    const card: Card = {
      id: g.id,
      node: null,
      group: g,
      tiles: [],
      label: g.label,
      kind: g.icon ?? 'gen.group',
      provider: g.provider ?? '',
      value: null,
      denied: 0,
    };
    cards.push(card);
    cardOf.set(g.id, card);
    frameOf(g.parent, 'network').cards.push(card);
  }
  for (const n of graph.nodes) {
    const value = add(metricOf(n.in, metric), metricOf(n.out, metric), metricOf(n.self, metric));
    const denied = n.denied?.in ?? 0;
    const holder = n.parent ? cardOf.get(n.parent) : undefined;
    if (holder?.group) {
      holder.tiles.push(n);
      holder.country ??= n.country;
      holder.value = add(holder.value, value);
      holder.denied += denied;
      cardOf.set(n.id, holder);
      continue;
    }
    const side: Side = n.kind.startsWith('net.') || n.id.startsWith('inet:') ? 'internet' : 'network';
    const self = metricOf(n.self, metric);
    const card: Card = {
      id: n.id,
      node: n,
      group: null,
      tiles: [],
      country: n.country,
      ...(n.self?.r ? { self } : {}),
      label: n.label,
      kind: n.kind === 'gen.group' ? (levelKinds[graph.level] ?? n.kind) : n.kind,
      provider: n.provider ?? '',
      value,
      denied,
    };
    cards.push(card);
    cardOf.set(n.id, card);
    frameOf(n.parent, side, n.provider).cards.push(card);
  }
  for (const f of frames.values()) {
    f.cards.sort(byPlace);
    f.frames.sort((a, b) => names.compare(a.label, b.label) || (a.id < b.id ? -1 : 1));
  }
  for (const c of cards) c.tiles.sort((a, b) => names.compare(a.label, b.label));
  const clustered = wereMany || cards.length > few;
  if (clustered)
    for (const f of frames.values()) {
      f.cards = gather(f).sort(byPlace);
      for (const c of f.cards) {
        cardOf.set(c.id, c);
        if (c.cluster) for (const t of c.tiles) cardOf.set(t.id, c);
      }
    }
  const filled = (f: Frame): boolean => f.cards.length > 0 || (f.frames = f.frames.filter(filled)).length > 0;
  const shown = roots
    .filter(filled)
    .sort(
      (a, b) =>
        providerOrder(a.provider) - providerOrder(b.provider) ||
        names.compare(a.label, b.label) ||
        (a.id < b.id ? -1 : 1),
    )
    .flatMap((f) => (f.side === 'internet' ? sections(f) : f));

  const strokes: Stroke[] = [];
  for (const e of graph.edges) {
    if (!nodes.has(e.s) || !nodes.has(e.t)) continue;
    for (const verdict of ['unknown', 'allowed', 'dropped', 'denied'] as const) {
      const c = e.verdicts[verdict];
      if (!c || (show !== 'all' && show !== verdict)) continue;
      const at = 'at' in c ? (c.at ?? '') : '';
      strokes.push({
        key: edgeKey(e.s, e.t),
        s: e.s,
        t: e.t,
        edge: e,
        verdict,
        value: metricOf(c, metric),
        records: c.r,
        at,
        answer: e.answer ?? 'unknown',
      });
    }
  }
  for (const k of strokes) {
    const c = cardOf.get(k.s)!;
    if (c === cardOf.get(k.t) && (k.verdict === 'allowed' || k.verdict === 'unknown'))
      c.self = add(c.self ?? null, k.value);
  }
  const scene: Scene = {
    frames: shown,
    cardOf,
    nodes,
    strokes,
    single: strokes,
    clustered,
    tiers: new Map(),
    metric,
  };
  if (clustered) scene.strokes = bundle(scene);
  scene.tiers = tiersOf(scene, before);
  return scene;
}

const ours = /^net\.(onprem|user)$/;
const sectionOf = (c: Card): string =>
  ours.test(c.kind)
    ? 'Sites & users'
    : c.kind === 'net.scanner'
      ? 'Scanners'
      : c.kind !== 'net.country' && c.id.startsWith('svc:')
        ? 'CDN & partners'
        : 'Internet';
/** sections tells apart what is outside: countries, partners, scanners, and the user's own places. */
function sections(f: Frame): Frame[] {
  const of = (label: string) => f.cards.filter((c) => sectionOf(c) === label);
  const bare = of('Sites & users').every((c) => c.cluster || pieceOf(c.label));
  const own = ['Internet', 'CDN & partners', 'Scanners', 'Sites & users']
    .map((label) => ({
      ...f,
      id: `${f.id}#${label}`,
      label: bare && label === 'Sites & users' ? 'Private addresses' : label,
      cards: of(label),
      frames: [],
    }))
    .filter((x) => x.cards.length > 0);
  // What was opened stands in boxes of its own.
  const opened = (x: Frame): Frame[] => [
    ...(x.cards.length ? [{ ...x, frames: [] }] : []),
    ...x.frames.flatMap((y) => opened({ ...y, label: `${x.label} / ${y.label}` })),
  ];
  return [...own, ...f.frames.flatMap((x) => opened(x))];
}

const add = (...list: (number | null)[]): number | null => {
  let n: number | null = null;
  for (const v of list) if (v !== null) n = (n ?? 0) + v;
  return n;
};

// ------------------------------------------------------------- which column

/**
 * tiersOf is the column of every subnet, and of every card that stands in none:
 * what the server says. What was decided before stays, so that a refresh moves
 * nothing.
 */
function tiersOf(scene: Scene, before?: Map<string, Column>): Map<string, Column> {
  const tiers = new Map<string, Column>();
  const decide = (id: string, tier: Tier | undefined): void => {
    tiers.set(id, before?.get(id) ?? (tier || 'app'));
  };
  const walk = (f: Frame): void => {
    if (f.group?.kind === 'subnet') decide(f.id, f.group.tier);
    else for (const c of f.cards) decide(c.id, (c.node ?? c.tiles[0])?.tier);
    f.frames.forEach(walk);
  };
  for (const f of scene.frames) if (f.side === 'network') walk(f);
  return tiers;
}
