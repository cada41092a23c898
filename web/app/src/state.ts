// What the page knows: the view (which is the URL) and the answers that it
// needs. A view that changes asks again; what was asked before is aborted.
import { computed, effect, type ReadonlySignal, type Signal, signal, untracked } from '@preact/signals';
import { around } from './act/walk';
import { ApiError, get, type Params, url } from './api/client';
import type { Facets, Findings, Found, Parsed } from './api/filter';
import type { Graph } from './api/graph';
import type { Meta } from './api/meta';
import type { EdgeDetails, Flows, NodeDetails, Timeline } from './api/panels';
import {
  type Clock,
  fromURL,
  iso,
  joined,
  spans,
  start,
  type Times,
  timesOf,
  toURL,
  type View,
  whole,
} from './view';

export const view = signal<View>(fromURL(location.search));

/** go changes the view. A finished action is a step that Back undoes; `replace` is for what is still moving. */
export function go(change: Partial<View>, replace = false): void {
  const next = { ...view.value, ...change };
  const address = toURL(next);
  if (address === toURL(view.value)) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  view.value = next;
}

addEventListener('popstate', () => {
  view.value = fromURL(location.search);
});

// ---------------------------------------------------------------- loading

export interface Load<T> {
  data: T | null;
  error: ApiError | null;
  busy: boolean;
}

interface Request {
  path: string;
  params?: Params;
}

export const again = signal(0);
/** retry asks everything once more. */
export const retry = (): void => {
  again.value++;
};

/**
 * load keeps an answer current. The old one stays while a new one is on its
 * way, unless it is of something else (another path or `what`).
 */
function load<T>(
  want: () => Request | null,
  what: (r: Request) => string = (r) => r.path,
): ReadonlySignal<Load<T>> {
  const out: Signal<Load<T>> = signal({ data: null, error: null, busy: false });
  const key = computed(() => {
    const r = want();
    return r ? `${again.value} ${url(r.path, r.params)}` : '';
  });
  let abort: AbortController | null = null;
  let shown = '';
  effect(() => {
    void key.value;
    const r = untracked(want);
    abort?.abort();
    abort = null;
    if (!r) {
      shown = '';
      out.value = { data: null, error: null, busy: false };
      return;
    }
    const mine = new AbortController();
    abort = mine;
    const same = what(r) === shown;
    shown = what(r);
    out.value = { data: same ? untracked(() => out.value.data) : null, error: null, busy: true };
    get<T>(r.path, r.params, mine.signal).then(
      (data) => {
        if (!mine.signal.aborted) out.value = { data, error: null, busy: false };
      },
      (e: unknown) => {
        if (mine.signal.aborted) return;
        const error = e instanceof ApiError ? e : new ApiError(0, 'error', String(e));
        out.value = { data: untracked(() => out.value.data), error, busy: false };
      },
    );
  });
  return out;
}

export const meta = load<Meta>(() => ({ path: 'meta' }));

// ---------------------------------------------------------------- time

const five = 3e5;
export const clock = computed<Clock | null>(() => {
  const m = meta.value.data;
  if (!m?.extent) return null;
  const first = Math.floor(Date.parse(m.extent.from) / five) * five;
  // The end of the data, also while more arrives: a lake may stand still for days.
  const end = Date.parse(m.extent.to);
  return { first, anchor: Math.max(first + five, Math.ceil(end / five) * five) };
});
export const times = computed<Times | null>(() => (clock.value ? timesOf(view.value, clock.value) : null));

const rangeParams = computed(() => {
  const t = times.value;
  return t ? { from: iso(t.range[0]), to: iso(t.range[1]) } : null;
});

const common = (): Params | null => {
  const r = rangeParams.value;
  const v = view.value;
  return r && { ...r, q: v.q, hide: anyOf(v.hide), metric: v.metric, show: v.show };
};

/** anyOf joins filters to one that takes what any of them takes. */
export const anyOf = (list: string[]): string =>
  list.length > 1 ? list.map((f) => `(${f})`).join(' or ') : (list[0] ?? '');

// ---------------------------------------------------------------- answers

export const graphParams = (): Params | null => {
  const c = common();
  const m = meta.value.data;
  if (!c || !m) return null;
  const v = view.value;
  const times = 2 ** v.cap;
  return {
    ...c,
    level: v.level,
    expand: joined(v.expand),
    limitNodes: Math.min(m.caps.nodes * times, m.caps.maxNodes),
    limitEdges: Math.min(m.caps.edges * times, m.caps.maxEdges),
  };
};

export const graph = load<Graph>(() => {
  const p = graphParams();
  return p && { path: 'graph', params: p };
});

const small = matchMedia('(max-width: 499px)');
const tiny = signal(small.matches);
small.addEventListener?.('change', (e) => {
  tiny.value = e.matches;
});
/** tabled tells whether the table stands in the place of the map. */
export const tabled = computed(() => (view.value.view || (tiny.value ? 'table' : 'map')) === 'table');

/** drawn is what of the answer is shown: all of it, or what lies around the focus. */
export const drawn = computed<Graph | null>(() => {
  const { focus, hops } = view.value;
  const g = graph.value.data;
  return g && focus.length ? around(g, focus, hops) : g;
});

/** search finds what is not on the map, too. */
export const search = load<Found>(
  () => (view.value.find.trim() ? { path: 'search', params: { text: view.value.find.trim() } } : null),
  (r) => String(r.params?.text),
);

const timelineOf = ([from, to]: [number, number]): Request => ({
  path: 'timeline',
  params: { ...common(), from: iso(from), to: iso(to), show: undefined, bins: 96 },
});

/** timeline is of the window: what the brush draws. */
export const timeline = load<Timeline>(() => {
  const t = times.value;
  return t && timelineOf(t.window);
});

/** rangeLine is of the chosen range where that is a part of the window: its bins are shorter, and none reaches out of it. */
export const rangeLine = load<Timeline>(() => {
  const t = times.value;
  const { sel, edge, path } = view.value;
  return t && !whole(t) && !sel && !edge && !path ? timelineOf(t.range) : null;
});

export const facets = load<Facets>(() => {
  const c = common();
  return c && { path: 'facets', params: { ...c, fields: 'port', limit: 30 } };
});

export const findings = load<Findings>(() => {
  const r = rangeParams.value;
  return r && { path: 'findings', params: r };
});

export const parsed = load<Parsed>(
  () => (view.value.q ? { path: 'parse', params: { q: view.value.q } } : null),
  (r) => String(r.params?.q),
);

export const node = load<NodeDetails>(() => {
  const c = common();
  const id = view.value.sel;
  return c && id && !view.value.also.length ? { path: `nodes/${encodeURIComponent(id)}`, params: c } : null;
});

export const edge = load<EdgeDetails>(
  () => {
    const c = common();
    const e = view.value.edge;
    return c && e ? { path: 'edges', params: { ...c, s: e[0], t: e[1] } } : null;
  },
  (r) => `${r.params?.s}\n${r.params?.t}`,
);

/** flowParams asks for the rows behind what is selected, or behind the whole view. */
export const flowParams = (): Params | null => {
  const c = common();
  if (!c) return null;
  const v = view.value;
  const of = v.edge ? { s: v.edge[0], t: v.edge[1] } : v.sel ? { node: v.sel } : {};
  return { ...c, ...of, limit: 50 };
};

export const flows = load<Flows>(() => {
  const p = view.value.rows ? flowParams() : null;
  return p && { path: 'flows', params: p };
});

export const exportURL = (format: string): string => url('export', { ...(graphParams() ?? {}), format });

// ---------------------------------------------------------------- actions

/** none is no selection. */
export const none = { sel: '', also: [], edge: null, path: null };
export const select = (id: string): void => go({ ...none, sel: id, right: true });
export const selectEdge = (s: string, t: string): void => go({ ...none, edge: [s, t], right: true });
export const clearSelection = (): void => go({ ...none, rows: false });

/** selected are the ids of the nodes that are selected. */
export const selected = computed(() => [view.value.sel, ...view.value.also].filter(Boolean));
/** selectMore adds a node to the selection, or takes it out. */
export function selectMore(id: string): void {
  const list = selected.value;
  const [sel = '', ...also] = list.includes(id) ? list.filter((x) => x !== id) : [...list, id];
  go({ ...none, sel, also, right: true });
}

/** toLevel groups by another level; what was chosen at the old one is not there. */
export const toLevel = (level: View['level']): void => go({ ...none, level, expand: [], focus: [] });

export function toggleExpand(id: string): void {
  const v = view.value;
  go({ expand: v.expand.includes(id) ? v.expand.filter((x) => x !== id) : [...v.expand, id] });
}

/** narrowed is the filter with a clause more. */
export const narrowed = (clause: string): string => {
  const q = view.value.q.trim();
  if (!q) return clause;
  const chips = parsed.value.data?.chips;
  if (chips?.some((c) => c.text === clause)) return q;
  return chips ? `${q} and ${clause}` : `(${q}) and ${clause}`;
};

/** narrow adds a clause to the filter. */
export const narrow = (clause: string): void => go({ q: narrowed(clause) });

/** chooseRange sets the part of the window that is looked at. */
export function chooseRange(from: number, to: number): void {
  const t = times.value;
  if (!t) return;
  const all = from <= t.window[0] && to >= t.window[1];
  go(all ? { from: '', to: '' } : { from: iso(from), to: iso(to) });
}

/** moveTime goes one length of the range back or forward. */
export function moveTime(dir: -1 | 1): void {
  const t = times.value;
  const c = clock.value;
  if (!t || !c) return;
  if (whole(t) && t.win !== 'all') {
    const end = t.window[1] + dir * spans[t.win];
    if (end - spans[t.win] >= c.anchor || end <= c.first) return;
    go({ end: end >= c.anchor ? '' : iso(end) });
    return;
  }
  const size = t.range[1] - t.range[0];
  const from = t.range[0] + dir * size;
  if (from >= c.anchor || from + size <= c.first) return;
  go({ from: iso(from), to: iso(from + size) });
}

export const resetTime = (): void => go({ from: '', to: '', win: start.win, end: '' });

// ---------------------------------------------------------------- theme

const remembered = ((): string | null => {
  try {
    return localStorage.getItem('periplus.theme');
  } catch {
    return null; // storage may be closed; the system's choice holds
  }
})();
const system = matchMedia('(prefers-color-scheme: dark)');
export const isDark = signal(remembered ? remembered === 'dark' : system.matches);
system.addEventListener?.('change', (e) => {
  if (!remembered) isDark.value = e.matches;
});
export function toggleTheme(): void {
  isDark.value = !isDark.value;
  try {
    localStorage.setItem('periplus.theme', isDark.value ? 'dark' : 'light');
  } catch {
    // Not remembered then.
  }
}
effect(() => {
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
});

/** said is read aloud and shown for a moment. */
export const said = signal('');
let quiet = 0;
export function say(text: string): void {
  said.value = text;
  clearTimeout(quiet);
  quiet = window.setTimeout(() => {
    said.value = '';
  }, 2600);
}
