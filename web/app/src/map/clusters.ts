// Clusters: more hosts than can be read one by one are drawn as tiles of what
// they belong to (their service, else a piece of address space), and the paths
// between two such cards as one bundle.
import type { EdgePort, GraphEdge } from '../api/graph';
import type { Verdict } from '../api/words';
import { type Card, edgeKey, type Frame, names, type Scene, type Stroke } from './scene';

/** few cards are drawn one by one; a frame keeps so many that belong to nothing. */
export const few = 70;
const kept = 10;

/** pieceOf is the piece of address space that an address lies in, '' for what is no address. */
export function pieceOf(address: string): string {
  const v4 = /^(\d+\.\d+\.\d+\.)\d+$/.exec(address);
  if (v4) return `${v4[1]}0/24`;
  if (!/^[\da-f]*:[\da-f:.]+$/i.test(address)) return '';
  const [head, tail = ''] = address.split('::');
  const n = 8 - tail.split(':').length;
  return `${[...(head || '0').split(':').slice(0, n), 0, 0, 0, 0].slice(0, 4).join(':')}::/64`;
}

/** tailOf is the last part of an id: how what it is of is called. */
const tailOf = (id: string): string => {
  const tail = id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf(':')) + 1).replaceAll('+', ' ');
  try {
    return decodeURIComponent(tail) || id;
  } catch {
    return tail;
  }
};

const add = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

function cardOf(id: string, label: string, parent: string, of: Card[], known: boolean): Card {
  const same = <T>(f: (c: Card) => T): T | undefined =>
    of.every((c) => f(c) === f(of[0])) ? f(of[0]) : undefined;
  const tiles = of.map((c) => c.node!);
  const provider = same((c) => c.provider) ?? '';
  const kind = same((c) => c.kind) ?? 'gen.group';
  return {
    id,
    node: null,
    group: known ? { id, parent, kind: 'service', label, provider } : null,
    tiles: tiles.sort((a, b) => names.compare(a.label, b.label)),
    label,
    kind,
    provider,
    country: same((c) => c.node?.country) || /^inet:cc:(..)$/.exec(id)?.[1],
    value: of.reduce<number | null>((n, c) => add(n, c.value), null),
    denied: of.reduce((n, c) => n + c.denied, 0),
    cluster: true,
  };
}

const grouped = (list: Card[], key: (c: Card) => string): Map<string, Card[]> => {
  const out = new Map<string, Card[]>();
  for (const c of list) {
    const k = key(c);
    const of = out.get(k);
    if (of) of.push(c);
    else out.set(k, [c]);
  }
  return out;
};

/** gather makes clusters of a frame's cards. */
export function gather(f: Frame): Card[] {
  const out: Card[] = [];
  const rest: Card[] = [];
  for (const [id, list] of grouped(f.cards, (c) => c.node?.service ?? '')) {
    if (!id || list.length < 2) {
      rest.push(...list);
      continue;
    }
    out.push(cardOf(id, tailOf(id), f.id, list, true));
  }
  if (rest.length <= kept) return [...out, ...rest];
  const alone: Card[] = [];
  const pieces = grouped(rest, (c) => pieceOf(c.label));
  for (const [label, list] of pieces)
    if (label && list.length > 1 && pieces.size <= 30)
      out.push(cardOf(`cluster:${f.id}:${label}`, label, f.id, list, false));
    else alone.push(...list);
  if (alone.length <= kept) return [...out, ...alone];
  return [...out, cardOf(`cluster:${f.id}:`, out.length ? 'Others' : 'Addresses', f.id, alone, false)];
}

/** bundle draws the paths between the same two cards as one, a stroke a verdict. */
export function bundle(scene: Scene): Stroke[] {
  const out = new Map<string, Stroke>();
  for (const k of scene.single) {
    const s = scene.cardOf.get(k.s)!;
    const t = scene.cardOf.get(k.t)!;
    if (!s.cluster && !t.cluster) {
      out.set(`${k.key}\n${k.verdict}`, k);
      continue;
    }
    if (s === t) continue;
    const from = s.cluster ? s.id : k.s;
    const to = t.cluster ? t.id : k.t;
    const key = edgeKey(from, to);
    const known = out.get(`${key}\n${k.verdict}`);
    if (!known) {
      out.set(`${key}\n${k.verdict}`, { ...k, key, s: from, t: to, of: [k] });
      continue;
    }
    known.value = add(known.value, k.value);
    known.records += k.records;
    known.of!.push(k);
    if (known.at !== k.at) known.at = '';
    if (known.answer !== k.answer) known.answer = 'unknown';
  }
  for (const k of out.values()) if (k.of) k.edge = merged(k, k.of);
  return [...out.values()];
}

/** merged is what a bundle says of itself: the sums, and the ports that carry most. */
function merged(k: Stroke, of: Stroke[]): GraphEdge {
  const ports = new Map<string, EdgePort>();
  let more = 0;
  for (const { edge } of of) {
    more += edge.morePorts ?? 0;
    for (const p of edge.ports ?? []) {
      const id = `${p.proto} ${p.port} ${p.v}`;
      const known = ports.get(id);
      if (!known) ports.set(id, { ...p });
      else {
        known.r += p.r;
        known.b = add(known.b ?? null, p.b ?? null);
      }
    }
  }
  const sorted = [...ports.values()].sort((a, b) => (b.b ?? 0) - (a.b ?? 0) || b.r - a.r);
  const verdict: Verdict = k.verdict;
  return {
    s: k.s,
    t: k.t,
    verdicts: { [verdict]: { r: k.records, ...sums(of, verdict), at: k.at } },
    answer: k.answer,
    ports: sorted.slice(0, 3),
    morePorts: more + Math.max(0, sorted.length - 3),
    first: '',
    last: '',
  };
}

const sums = (of: Stroke[], v: Verdict) => {
  const total = { b: null as number | null, p: null as number | null, o: null as number | null };
  for (const { edge } of of)
    for (const m of ['b', 'p', 'o'] as const) total[m] = add(total[m], edge.verdicts[v]?.[m] ?? null);
  return total;
};
