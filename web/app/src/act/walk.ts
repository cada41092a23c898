// Walks over what is drawn: the neighbours of some nodes, and the shortest ways
// between two.
import type { Graph, GraphEdge, Group } from '../api/graph';

/** within tells whether a node is one of the ids or lies in one of them. */
function within(g: Graph, ids: string[]): (id: string) => boolean {
  const parents = new Map<string, string | null>([...g.groups, ...g.nodes].map((x) => [x.id, x.parent]));
  const set = new Set(ids);
  const known = new Map<string, boolean>();
  const is = (id: string): boolean => {
    let k = known.get(id);
    if (k === undefined) {
      known.set(id, false); // whatever turns in a circle is in nothing
      const up = parents.get(id);
      k = set.has(id) || (up != null && is(up));
      known.set(id, k);
    }
    return k;
  };
  return is;
}

/** around is the part of a graph that lies within so many hops of some nodes, with the paths between. */
export function around(g: Graph, ids: string[], hops: number): Graph {
  const is = within(g, ids);
  let near = new Set(g.nodes.filter((n) => is(n.id)).map((n) => n.id));
  for (let i = 0; i < hops; i++) {
    const next = new Set(near);
    for (const e of g.edges) {
      if (near.has(e.s)) next.add(e.t);
      if (near.has(e.t)) next.add(e.s);
    }
    near = next;
  }
  const nodes = g.nodes.filter((n) => near.has(n.id));
  const parents = new Map(g.groups.map((x) => [x.id, x.parent]));
  const used = new Set<string>();
  for (const n of nodes)
    for (let p = n.parent; p != null && !used.has(p); p = parents.get(p) ?? null) used.add(p);
  return {
    ...g,
    nodes,
    groups: g.groups.filter((x: Group) => used.has(x.id)),
    edges: g.edges.filter((e) => near.has(e.s) && near.has(e.t)),
  };
}

export interface Ways {
  /** Along the paths from client to server; else against them, too. */
  directed: boolean;
  edges: GraphEdge[]; // that any of the ways takes
  ways: GraphEdge[][]; // at most 20
  more: boolean;
}

/** put adds to a list that a map holds. */
export const put = <T>(into: Map<string, T[]>, key: string, v: T): void => {
  const list = into.get(key);
  if (list) list.push(v);
  else into.set(key, [v]);
};

/** between finds the shortest ways from one node to another: along the paths, and if there is none, in any direction. */
export function between(g: Graph, from: string, to: string): Ways | null {
  const [isFrom, isTo] = [within(g, [from]), within(g, [to])];
  for (const directed of [true, false]) {
    const out = new Map<string, [string, GraphEdge][]>();
    for (const e of g.edges) {
      put(out, e.s, [e.t, e]);
      if (!directed) put(out, e.t, [e.s, e]);
    }
    // Every node with all the steps that reach it first.
    const steps = new Map<string, [string, GraphEdge][]>();
    let rim = g.nodes.filter((n) => isFrom(n.id)).map((n) => n.id);
    for (const id of rim) steps.set(id, []);
    while (rim.length && !rim.some(isTo)) {
      const next = new Map<string, [string, GraphEdge][]>();
      for (const id of rim)
        for (const [to, e] of out.get(id) ?? []) if (!steps.has(to)) put(next, to, [id, e]);
      for (const [id, back] of next) steps.set(id, back);
      rim = [...next.keys()];
    }
    const ends = rim.filter(isTo);
    if (!ends.length) continue;
    const ways: GraphEdge[][] = [];
    const edges = new Set<GraphEdge>();
    let more = false;
    const back = (id: string, tail: GraphEdge[]): void => {
      const before = steps.get(id) ?? [];
      if (ways.length >= most) more = true;
      else if (!before.length) ways.push(tail);
      else for (const [up, e] of before) back(up, [e, ...tail]);
    };
    for (const id of ends) back(id, []);
    const mark = (id: string, seen: Set<string>): void => {
      if (seen.has(id)) return;
      seen.add(id);
      for (const [up, e] of steps.get(id) ?? []) {
        edges.add(e);
        mark(up, seen);
      }
    };
    const seen = new Set<string>();
    for (const id of ends) mark(id, seen);
    return { directed, edges: [...edges], ways, more };
  }
  return null;
}

const most = 20;
