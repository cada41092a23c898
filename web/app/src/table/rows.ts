// The rows of the table: everything that the map has, as text and numbers.
import { put } from '../act/walk';
import type { Graph, GraphEdge, GraphNode, Group } from '../api/graph';
import type { Counter, Metric, Provider } from '../api/words';
import { sum } from '../format';
import { iconOf, providerNames } from '../icons';

export type Value = string | number | null;

export interface Row {
  id: string; // a node, or both ends with a line break between
  label: string;
  kind: string;
  provider: Provider;
  country?: string;
  depth: number;
  open?: boolean; // can be opened, and is
  v: Record<string, Value>;
  children: Row[];
}

type Kind = 'text' | 'bytes' | 'count' | 'time';
/** A column: its key, title and kind. `of` tells that a node's value is of its drawn paths only. */
export type Column = [key: string, title: string, kind: Kind, of?: boolean];

const counters: [keyof Counter, string, Kind][] = [
  ['b', 'bytes', 'bytes'],
  ['p', 'packets', 'count'],
  ['r', 'records', 'count'],
  ['o', 'opened', 'count'],
];
const verdicts = ['allowed', 'denied', 'dropped', 'unknown'] as const;
const places = ['provider', 'account', 'region', 'network', 'subnet'] as const;
const name = (s: string): string => s[0].toUpperCase() + s.slice(1);

const nodeColumns: Column[] = [
  ['name', 'Name', 'text'],
  ['detail', 'Detail', 'text'],
  ['kind', 'Kind', 'text'],
  ...places.map((p): Column => [p, name(p), 'text']),
  ['count', 'Endpoints', 'count'],
  ...['in', 'out'].flatMap((d) => counters.map(([k, t, kind]): Column => [d + k, `${name(d)} ${t}`, kind])),
  ['deniedin', 'Stopped in', 'count'],
  ['deniedout', 'Stopped out', 'count'],
  ['dropped', 'Dropped', 'count', true],
  ['unknown', 'Unknown', 'count', true],
  ['ports', 'Ports', 'text', true],
  ['answer', 'Answer', 'text', true],
  ['first', 'First seen', 'time', true],
  ['last', 'Last seen', 'time', true],
];

const pathColumns: Column[] = [
  ['client', 'Client', 'text'],
  ['clientin', 'Client in', 'text'],
  ['server', 'Server', 'text'],
  ['serverin', 'Server in', 'text'],
  ['ports', 'Ports', 'text'],
  ...counters.map(([, t, kind]): Column => [t, name(t), kind]),
  ...verdicts.map((v): Column => [v, name(v), 'count']),
  ['at', 'Stopped at', 'text'],
  ['answer', 'Answer', 'text'],
  ['first', 'First seen', 'time'],
  ['last', 'Last seen', 'time'],
];

type Place = Record<(typeof places)[number], string | null>;

/** placer says of a parent where what stands in it lies. */
function placer(g: Graph): (parent: string | null) => Place {
  const groups = new Map(g.groups.map((x) => [x.id, x]));
  return (parent) => {
    const at: Place = { provider: null, account: null, region: null, network: null, subnet: null };
    const seen = new Set<string>();
    for (let id = parent; id != null && !seen.has(id); ) {
      seen.add(id);
      const x: Group | undefined = groups.get(id);
      if (!x) break;
      if (x.kind in at) at[x.kind as keyof Place] ??= x.label;
      at.account ??= x.account ?? null;
      at.region ??= x.region ?? null;
      id = x.parent;
    }
    return at;
  };
}

const portText = (e: GraphEdge[], n: number): string => {
  const ports = new Map<string, number>();
  let more = 0;
  for (const x of e) {
    more += x.morePorts ?? 0;
    for (const p of x.ports ?? []) {
      const t = `${p.port ?? p.proto}${p.name ? ` ${p.name}` : ''}`;
      ports.set(t, (ports.get(t) ?? 0) + p.r);
    }
  }
  const list = [...ports].sort((a, b) => b[1] - a[1]).map(([t]) => t);
  const rest = Math.max(list.length - n, 0) + more;
  return list.slice(0, n).join(', ') + (rest ? ` +${rest}` : '');
};

const records = (edges: GraphEdge[], v: 'dropped' | 'unknown'): number =>
  edges.reduce((n, e) => n + (e.verdicts[v]?.r ?? 0), 0);

const answers = (edges: GraphEdge[]): string => {
  const all = edges.filter((e) => e.verdicts.allowed);
  const no = all.filter((e) => e.answer === 'none').length;
  return no ? (no < all.length ? `none on ${no} of ${all.length}` : 'none') : (all[0]?.answer ?? '');
};

const extreme = (list: string[], last: boolean): string | null =>
  list.reduce<string | null>(
    (x, t) => (x === null || (last ? Date.parse(t) > Date.parse(x) : Date.parse(t) < Date.parse(x)) ? t : x),
    null,
  );

const providerOf = (p: Provider | undefined, at: Place): string | null =>
  p ? (providerNames[p] ?? p) : at.provider;

/** nodeRows is a row a node; what is opened is a row with those of its members behind it. */
export function nodeRows(g: Graph, expand: string[]): Row[] {
  const place = placer(g);
  const ins = new Map<string, GraphEdge[]>();
  const all = new Map<string, GraphEdge[]>();
  for (const e of g.edges) {
    put(ins, e.t, e);
    put(all, e.s, e);
    if (e.s !== e.t) put(all, e.t, e);
  }
  const valuesOf = (nodes: GraphNode[], at: Place): Row['v'] => {
    const into = nodes.flatMap((n) => ins.get(n.id) ?? []);
    const mine = [...new Set(nodes.flatMap((n) => all.get(n.id) ?? []))];
    const v: Row['v'] = { ...at, count: sum(nodes.map((n) => n.count ?? 1)) };
    for (const d of ['in', 'out'] as const) {
      for (const [k] of counters) v[d + k] = sum(nodes.map((n) => n[d][k]));
      v[`denied${d}`] = sum(nodes.map((n) => n.denied?.[d]));
    }
    return {
      ...v,
      dropped: records(mine, 'dropped'),
      unknown: records(mine, 'unknown'),
      ports: portText(into, 4),
      answer: answers(into),
      first: extreme(
        mine.map((e) => e.first),
        false,
      ),
      last: extreme(
        mine.map((e) => e.last),
        true,
      ),
    };
  };
  const rows = new Map<string, Row>();
  const up = new Map<string, string | null>();
  const members = new Map<string, GraphNode[]>();
  const parents = new Map(g.groups.map((x) => [x.id, x.parent]));
  for (const n of g.nodes) {
    const at = place(n.parent);
    up.set(n.id, n.parent);
    for (let p = n.parent, i = 0; p != null && i < 9; p = parents.get(p) ?? null, i++) put(members, p, n);
    rows.set(n.id, {
      id: n.id,
      label: n.label,
      kind: n.kind,
      provider: n.provider ?? '',
      country: n.country,
      depth: 0,
      open: n.expandable ? false : undefined,
      children: [],
      v: {
        ...valuesOf([n], at),
        provider: providerOf(n.provider, at),
        name: n.label,
        detail: n.detail ?? null,
        kind: iconOf(n.kind).title,
      },
    });
  }
  for (const x of g.groups) {
    const inside = members.get(x.id);
    if (!expand.includes(x.id) || !inside) continue;
    const at = place(x.parent);
    up.set(x.id, x.parent);
    rows.set(x.id, {
      id: x.id,
      label: x.label,
      kind: x.icon ?? 'gen.group',
      provider: x.provider ?? '',
      depth: 0,
      open: true,
      children: [],
      v: {
        ...valuesOf(inside, at),
        provider: providerOf(x.provider, at),
        name: x.label,
        detail: null,
        kind: x.icon ? iconOf(x.icon).title : name(x.kind),
      },
    });
  }
  const top: Row[] = [];
  for (const r of rows.values()) {
    let p = up.get(r.id) ?? null;
    for (let i = 0; p != null && !rows.has(p) && i < 9; i++) p = parents.get(p) ?? null;
    (rows.get(p ?? '')?.children ?? top).push(r);
  }
  return top;
}

/** pathRows is a row a path. */
export function pathRows(g: Graph): Row[] {
  const place = placer(g);
  const nodes = new Map(g.nodes.map((n) => [n.id, n]));
  const where = (id: string): string | null => {
    const n = nodes.get(id);
    const at = place(n?.parent ?? null);
    return (
      [providerOf(n?.provider, at), at.account, at.region, at.network, at.subnet]
        .filter(Boolean)
        .join(' / ') || null
    );
  };
  return g.edges.map((e) => {
    const [s, t] = [nodes.get(e.s), nodes.get(e.t)];
    const v: Row['v'] = {
      client: s?.label ?? e.s,
      clientin: where(e.s),
      server: t?.label ?? e.t,
      serverin: where(e.t),
      ports: portText([e], 3),
      at: [e.verdicts.denied?.at, e.verdicts.dropped?.at].filter(Boolean).join(', '),
      answer: e.answer ?? null,
      first: e.first,
      last: e.last,
    };
    for (const [k, t] of counters) v[t] = sum(Object.values(e.verdicts).map((c) => c?.[k]));
    for (const k of verdicts) v[k] = e.verdicts[k]?.r ?? 0;
    return {
      id: `${e.s}\n${e.t}`,
      label: `${v.client} → ${v.server}`,
      kind: s?.kind ?? '',
      provider: s?.provider ?? '',
      country: s?.country,
      depth: 0,
      children: [],
      v,
    };
  });
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const orders: Record<string, string[]> = { name: [...places, 'name'], client: ['client', 'server'] };

/** sorted puts rows in order: by a column ("-" before it: the largest first), then by place and name. Unknown comes last. */
export function sorted(rows: Row[], sort: string, first: 'name' | 'client', depth = 0): Row[] {
  const down = sort.startsWith('-') ? -1 : 1;
  const keys: [string, number][] = [
    [sort.replace('-', ''), down],
    ...orders[first].map((k): [string, number] => [k, 1]),
  ];
  const compare = (a: Row, b: Row): number => {
    for (const [k, dir] of keys) {
      const [x, y] = [a.v[k] ?? '', b.v[k] ?? ''];
      if (x === y) continue;
      if (x === '' || y === '') return x === '' ? 1 : -1;
      const d = typeof x === 'number' ? x - (y as number) : names.compare(x, y as string);
      if (d) return d * dir;
    }
    return a.id < b.id ? -1 : 1;
  };
  return [...rows]
    .sort(compare)
    .flatMap((r) => [{ ...r, depth }, ...sorted(r.children, sort, first, depth + 1)]);
}

/** columnsOf are the columns that hold anything, those of the chosen metric and what was denied before the rest. */
export function columnsOf(tab: 'nodes' | 'paths', metric: Metric, rows: Row[]): Column[] {
  const first =
    tab === 'paths'
      ? ['client', 'server', metric, 'denied', 'ports']
      : ['name', `in${metric[0]}`, `out${metric[0]}`, 'deniedin', 'kind', 'count'];
  const full = (tab === 'paths' ? pathColumns : nodeColumns).filter(([k]) =>
    rows.some((r) => (r.v[k] ?? '') !== ''),
  );
  const rank = ([k]: Column) => first.indexOf(k) >>> 0;
  return [...full].sort((a, b) => rank(a) - rank(b));
}

/** cell guards foreign text against spreadsheets that would run it as a formula. */
const cell = (v: Value | undefined): string => {
  const s = typeof v === 'string' && /^[=+\-@\t\r]/.test(v) ? `'${v}` : String(v ?? '');
  return /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
};

/** csv is what the table shows: its columns, and all of its rows in their order. */
export const csv = (columns: Column[], rows: Row[], other: Value[] = []): string =>
  [
    ['id', ...columns.map(([, t]) => t)],
    ...rows.map((r) => [r.id.replace('\n', ' -> '), ...columns.map(([k]) => r.v[k])]),
    ...(other.length ? [other] : []),
  ]
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
