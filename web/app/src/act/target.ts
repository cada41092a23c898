// What can be done with a node, a path, a box, or several nodes at once: the
// menu, the panel's buttons and the keys all come here.
import { computed, effect, signal } from '@preact/signals';
import { drawn, go, graph, none, parsed, say, selected, view } from '../state';
import { inked } from '../top/completion';
import { joined } from '../view';
import { between } from './walk';

/** A target is a path, or nodes and boxes. */
export interface Target {
  ids: string[];
  edge?: [string, string];
}

/** chosen is what is selected. */
export const chosen = (): Target | null =>
  view.value.edge
    ? { ids: [], edge: view.value.edge }
    : selected.value.length
      ? { ids: selected.value }
      : null;

export const targetOf = (id: string): Target => {
  const [s, t] = id.split('\n');
  if (t !== undefined) return { ids: [], edge: [s, t] };
  // The boxes of the internet and of the clouds' services are no groups of their own.
  const box = /^(internet|services):?/.test(id) || id === 'inet';
  return { ids: box ? (drawn.value?.nodes ?? []).filter((n) => n.parent === id).map((n) => n.id) : [s] };
};

const quoted = (s: string): string => `"${s.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const is = (id: string, end = ''): string => `${end}node = ${quoted(id)}`;

/** filterOf is the filter that takes exactly a target. */
export const filterOf = ({ ids, edge }: Target): string =>
  edge
    ? `${is(edge[0], 'client.')} and ${is(edge[1], 'server.')}`
    : ids.length > 1
      ? `node in (${ids.map(quoted).join(', ')})`
      : is(ids[0]);

/** and adds a clause to the filter. */
const and = (clause: string): string => {
  const q = view.value.q.trim();
  return q ? `${parsed.value.data?.chips ? q : `(${q})`} and ${clause}` : clause;
};

export const filterTo = (t: Target) => go({ q: and(filterOf(t)) });
export const exclude = (t: Target) => go({ ...none, q: and(`not (${filterOf(t)})`) });
export const onlyDenied = (t: Target) => go({ q: and(filterOf(t)), show: 'denied' });
/** hide takes it out of the picture and the totals; a chip brings it back. */
export const hide = (t: Target) => {
  const each = t.edge ? [filterOf(t)] : t.ids.map((id) => is(id));
  go({ ...none, hide: [...new Set([...view.value.hide, ...each])] });
};

/** focusOn shows only the target and its neighbours; once more: also theirs. */
export const focusOn = (t: Target): void => go({ focus: t.edge ?? t.ids, hops: focused(t) ? 2 : 1 });
export const focused = (t: Target): boolean => joined(t.edge ?? t.ids) === joined(view.value.focus);

const names = new Map<string, string>();
effect(() => {
  const g = graph.value.data;
  for (const n of [...(g?.groups ?? []), ...(g?.nodes ?? [])]) names.set(n.id, n.label);
});
/** nameOf is what a node is or was called here; else the last part of its id. */
export function nameOf(id: string): string {
  void graph.value; // who shows it shows it anew with the next answer
  const tail = id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf(':')) + 1).replaceAll('+', ' ');
  try {
    return names.get(id) ?? (decodeURIComponent(tail) || id);
  } catch {
    return tail;
  }
}
/** named is a filter with names where it has ids. */
export function named(filter: string): string {
  let node = false;
  return inked(filter)
    .map(([t, of]) => {
      if (of === 'f') node = /(^|\.)node$/.test(t);
      return node && of === 'v' ? nameOf(t.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')) : t;
    })
    .join('');
}

/** pathFrom is the node from which a path is asked; the next one that is selected is its end. */
export const pathFrom = signal('');
export function startPath(id: string, label: string): void {
  pathFrom.value = id;
  say(`Path from ${label}: choose the other end, Esc to leave it`);
}
export function pathTo(a: string, b: string): void {
  pathFrom.value = '';
  if (a && b && a !== b) go({ ...none, path: [a, b], right: true });
}

/** ways are the shortest ways between the two nodes that were asked for. */
export const ways = computed(() => {
  const { path } = view.value;
  return path && drawn.value ? between(drawn.value, path[0], path[1]) : null;
});

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    say('The browser does not let the page copy; take it from the address bar or the panel');
  }
}

export const records = (t: Target): void =>
  go({ ...none, ...(t.edge ? { edge: t.edge } : { sel: t.ids[0] }), rows: true, right: true });

const noise = /scanner|health|probe/;
/** noisy are the scanners and health checks of the picture. */
export const noisy = (): string[] =>
  (drawn.value?.nodes ?? [])
    .filter((n) => n.kind === 'net.scanner' || n.flags?.some((f) => noise.test(f)))
    .map((n) => n.id);

/** pins fixes nodes in their place; the map fills it in. */
export const pins: { has: (id: string) => boolean; toggle: ((id: string) => void) | null } = {
  has: () => false,
  toggle: null,
};
