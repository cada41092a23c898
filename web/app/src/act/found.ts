// Find: what is searched for is highlighted; nothing goes away.
import { computed, signal } from '@preact/signals';
import type { Graph } from '../api/graph';
import type { Ref } from '../api/panels';
import { drawn, search, view } from '../state';

/** matches tells how well a text has what is searched for: 2 as it is, 1 its letters in order, 0 not. */
export function matches(text: string, wanted: string): number {
  const [t, w] = [text.toLowerCase(), wanted.toLowerCase()];
  if (t.includes(w)) return 2;
  let i = -1;
  for (const c of w.replace(/\s/g, '')) {
    const next = t.indexOf(c, i + 1);
    // Letters far apart are no abbreviation.
    if (next < 0 || (i >= 0 && next - i > 6)) return 0;
    i = next;
  }
  return w.length > 1 ? 1 : 0;
}

/** foundIn are the nodes of a graph that match by name, id, address or the boxes that they are in, or that the server found. */
export function foundIn(g: Graph, wanted: string, also: Ref[]): Set<string> {
  const parents = new Map(g.groups.map((x) => [x.id, x]));
  const known = new Set(also.map((x) => x.id));
  const score = (n: { id: string; label: string; detail?: string; parent: string | null }): number => {
    if (known.has(n.id)) return 2;
    let best = Math.max(matches(n.label, wanted), matches(n.detail ?? '', wanted));
    if (n.id.toLowerCase().includes(wanted.toLowerCase())) best = 2;
    for (let p = n.parent, i = 0; p && i < 9; p = parents.get(p)?.parent ?? null, i++)
      if (known.has(p) || matches(parents.get(p)?.label ?? '', wanted) === 2) best = 2;
    return best;
  };
  const all = [...g.nodes, ...g.groups.filter((x) => x.kind === 'service')].map(
    (n) => [n.id, score(n)] as const,
  );
  const top = Math.max(0, ...all.map(([, s]) => s));
  return new Set(all.filter(([, s]) => s && s === top).map(([id]) => id));
}

export const wanted = computed(() => view.value.find.trim());
const answered = computed(() => (wanted.value ? (search.value.data?.nodes ?? []) : []));

/** found are the nodes that match; null: nothing is searched for. */
export const found = computed<Set<string> | null>(() =>
  wanted.value && drawn.value ? foundIn(drawn.value, wanted.value, answered.value) : null,
);

/** elsewhere is what the search knows and the picture does not show. */
export const elsewhere = computed<Ref[]>(() => {
  const g = drawn.value;
  if (!g) return [];
  const here = new Set([...g.nodes, ...g.groups].map((x) => x.id));
  return answered.value.filter((r) => !here.has(r.id)).slice(0, 8);
});

/** finding tells that the box of Find is open. */
export const finding = signal(false);

/** foundAt is the match that one has come to: a node's id, or a path's row. */
export const foundAt = signal('');

/** levelOf reads from an id at which level such a node is drawn. */
export const levelOf = (id: string) =>
  (/^host:/.test(id)
    ? 'host'
    : (/^\w*:(provider|account|region|network|subnet)(:|$)/.exec(`${id}:`)?.[1] ??
      'service')) as typeof view.value.level;
