// An answer that keeps the places of another.
import type { Graph } from '../api/graph';

const none = { r: 0 };
/** united is an answer with the places of another: where a node stands depends on which there are. */
export function united(all: Graph, g: Graph): Graph {
  if (all.level !== g.level) return g;
  const nodes = new Set(g.nodes.map((n) => n.id));
  const groups = new Set(g.groups.map((x) => x.id));
  return {
    ...g,
    groups: [...g.groups, ...all.groups.filter((x) => !groups.has(x.id))],
    nodes: [
      ...g.nodes,
      ...all.nodes
        .filter((n) => !nodes.has(n.id))
        .map((n) => ({ ...n, in: none, out: none, self: none, denied: undefined })),
    ],
  };
}
