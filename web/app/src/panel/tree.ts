// The tree of networks, without a browser: what the map's boxes and nodes hold,
// summed up to where they lie.
import type { Graph } from '../api/graph';
import type { Provider } from '../api/words';
import { quoted } from './words';

export interface Line {
  id: string; // '' : no network known
  kind: string;
  label: string;
  provider: Provider;
  denied: number;
  endpoints: number;
  children: Line[];
}

/** Levels whose nodes are places themselves. */
const places = new Set(['provider', 'account', 'region', 'network', 'subnet']);
const outside = new Set(['internet', 'services', 'service']);

export function treeOf(g: Graph): Line[] {
  const lines = new Map<string, Line>();
  const parents = new Map(g.groups.map((x) => [x.id, x.parent]));
  const away = new Set(g.groups.filter((x) => outside.has(x.kind)).map((x) => x.id));
  const counted = new Set<string>(); // the server counts their endpoints
  for (const x of g.groups) {
    if (outside.has(x.kind)) continue;
    if (x.endpoints !== undefined) counted.add(x.id);
    lines.set(x.id, {
      id: x.id,
      kind: x.kind,
      label: x.label,
      provider: x.provider ?? '',
      denied: 0,
      endpoints: x.endpoints ?? 0,
      children: [],
    });
  }
  const homeless: Line = {
    id: '',
    kind: '',
    label: lines.size ? 'Network not known' : 'No network named',
    provider: '',
    denied: 0,
    endpoints: 0,
    children: [],
  };
  for (const n of g.nodes) {
    const denied = n.denied?.in ?? 0;
    const own = !n.kind.startsWith('net.') && !n.id.startsWith('inet:');
    if (places.has(g.level) && own && !away.has(n.parent ?? ''))
      lines.set(n.id, {
        id: n.id,
        kind: g.level,
        label: n.label,
        provider: n.provider ?? '',
        denied,
        endpoints: n.count ?? 1,
        children: [],
      });
    else if (n.parent === null && own) {
      homeless.endpoints += n.count ?? 1;
      homeless.denied += denied;
    }
    parents.set(n.id, n.parent);
    for (let p = n.parent; p; p = parents.get(p) ?? null) {
      const l = lines.get(p);
      if (!l) continue;
      l.denied += denied;
      if (!counted.has(p)) l.endpoints += n.count ?? 1;
    }
  }
  const roots: Line[] = [];
  for (const l of lines.values()) {
    const up = lines.get(parents.get(l.id) ?? '');
    (up ? up.children : roots).push(l);
  }
  if (homeless.endpoints) roots.push(homeless);
  return roots;
}

/** visible is the tree from top to bottom, without what lies in a closed line. */
export const visible = (
  list: Line[],
  shut: ReadonlySet<string>,
  depth = 0,
): { line: Line; depth: number }[] =>
  list.flatMap((line) => [
    { line, depth },
    ...(shut.has(line.id) ? [] : visible(line.children, shut, depth + 1)),
  ]);

const plain = (s: string): string => {
  try {
    return decodeURIComponent(s.replaceAll('+', ' '));
  } catch {
    return s;
  }
};

/** clauseOf is the filter of a place: by what its id holds, as its label may be another text. */
export function clauseOf(kind: string, id: string): string {
  const [scope, , ...rest] = id.split(':');
  if (kind === 'provider') return `provider = ${scope}`;
  const parts = rest.join(':').split('/').map(plain);
  return kind === 'subnet' && parts.length === 2
    ? `subnet = ${quoted(parts[1])} and network = ${quoted(parts[0])}`
    : `${kind} = ${quoted(parts.join('/'))}`;
}
