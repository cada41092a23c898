// The view is one object and lives in the URL, so Back and a copied link work.
// Keys are versioned (v=1) and keep working.
import type { Level, Metric, Show } from './api/words';

export type Window = '1h' | '6h' | '24h' | '7d' | 'all';

export interface View {
  q: string; // the filter
  from: string; // '' (the whole window), RFC 3339, or -6h
  to: string; // '' , RFC 3339, or now
  win: Window | ''; // what the time brush spans; '' : chosen from the data
  end: string; // RFC 3339 end of the window; '' : the end of the data
  level: Level;
  expand: string[];
  sel: string; // a node's id
  also: string[]; // more nodes that are selected with it
  edge: [string, string] | null; // a path's ends
  path: [string, string] | null; // the ways between two nodes are shown
  focus: string[]; // only these nodes and their neighbours are shown
  hops: number; // how far their neighbours may be
  hide: string[]; // filters of what is taken out of the picture and the totals
  find: string; // what is searched for and highlighted
  view: 'map' | 'table' | ''; // '' : the map, on a phone the table
  tab: 'nodes' | 'paths'; // of the table
  sort: string; // a column of the table, -column: the largest first
  metric: Metric;
  show: Show;
  cap: number; // doublings of the server's caps
  rows: boolean; // the table of flow records is open
  icons: string; // packs of official icons, joined by commas; '' : glyphs
  layout: 'tiers' | 'force';
  freeze: boolean; // of the layout force
  pins: string; // what was dragged, as map/pincode.ts writes it
  left: boolean;
  right: boolean;
}

export const start: View = {
  q: '',
  from: '',
  to: '',
  win: '',
  end: '',
  level: 'service',
  expand: [],
  sel: '',
  also: [],
  edge: null,
  path: null,
  focus: [],
  hops: 1,
  hide: [],
  find: '',
  view: '',
  tab: 'nodes',
  sort: '',
  metric: 'bytes',
  show: 'all',
  cap: 0,
  rows: false,
  icons: '',
  layout: 'tiers',
  freeze: false,
  pins: '',
  left: true,
  right: true,
};

const levels: Level[] = ['provider', 'account', 'region', 'network', 'subnet', 'service', 'host'];
const metrics: Metric[] = ['bytes', 'packets', 'records', 'opened'];
const shows: Show[] = ['all', 'allowed', 'denied', 'dropped', 'unknown'];
const windows: Window[] = ['1h', '6h', '24h', '7d', 'all'];
export const spans: Record<Exclude<Window, 'all'>, number> = {
  '1h': 3.6e6,
  '6h': 2.16e7,
  '24h': 8.64e7,
  '7d': 6.048e8,
};

const one = <T extends string>(list: T[], v: string | null, other: T): T =>
  list.includes(v as T) ? (v as T) : other;
const relative = /^-(\d+)([smhd])$/;
const time = (v: string | null): string =>
  v && (v === 'now' || relative.test(v) || !Number.isNaN(Date.parse(v))) ? v : '';

/** fromURL reads what it knows and leaves the rest at its start: an old or odd link still opens. */
export function fromURL(search: string): View {
  const p = new URLSearchParams(search);
  const pair = (k: string): [string, string] | null => {
    const ends = p.getAll(k);
    return ends.length === 2 ? [ends[0], ends[1]] : null;
  };
  const ids = (k: string) => (p.get(k) ?? '').split(',').filter(Boolean).map(unescaped);
  return {
    q: p.get('q') ?? '',
    from: time(p.get('from')),
    to: time(p.get('to')),
    win: one<Window | ''>(windows, p.get('win'), ''),
    end: time(p.get('end')),
    level: one(levels, p.get('level'), 'service'),
    expand: ids('expand'),
    sel: p.get('sel') ?? '',
    also: ids('also'),
    edge: pair('edge'),
    path: pair('path'),
    focus: ids('focus'),
    hops: p.get('hops') === '2' ? 2 : 1,
    hide: p.getAll('hide').filter(Boolean),
    find: p.get('find') ?? '',
    view: one<View['view']>(['map', 'table'], p.get('view'), ''),
    tab: one<View['tab']>(['nodes', 'paths'], p.get('tab'), 'nodes'),
    sort: p.get('sort') ?? '',
    metric: one(metrics, p.get('metric'), 'bytes'),
    show: one(shows, p.get('show'), 'all'),
    cap: Math.min(3, Math.max(0, Number.parseInt(p.get('cap') ?? '0', 10) || 0)),
    rows: p.get('rows') === '1',
    icons: p.get('icons') ?? '',
    layout: p.get('layout') === 'force' ? 'force' : 'tiers',
    freeze: p.get('freeze') === '1',
    pins: p.get('pins') ?? '',
    left: p.get('left') !== '0',
    right: p.get('right') !== '0',
  };
}

const unescaped = (s: string): string => {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
};

/** joined is a list of ids as the URL and the API carry it. */
export const joined = (ids: string[]): string => ids.map(encodeURIComponent).join(',');

export function toURL(v: View): string {
  const p = new URLSearchParams();
  const set = (k: string, s: string, usual: string) => {
    if (s !== usual) p.set(k, s);
  };
  set('from', v.from, '');
  set('to', v.to, '');
  set('win', v.win, '');
  set('end', v.end, '');
  set('q', v.q, '');
  set('level', v.level, start.level);
  set('expand', joined(v.expand), '');
  set('sel', v.sel, '');
  set('also', joined(v.also), '');
  for (const k of ['edge', 'path'] as const) for (const id of v[k] ?? []) p.append(k, id);
  set('focus', joined(v.focus), '');
  set('hops', String(v.hops), '1');
  for (const h of v.hide) p.append('hide', h);
  set('find', v.find, '');
  set('view', v.view, '');
  set('tab', v.tab, start.tab);
  set('sort', v.sort, '');
  set('metric', v.metric, start.metric);
  set('show', v.show, start.show);
  set('cap', String(v.cap), '0');
  set('rows', v.rows ? '1' : '', '');
  set('icons', v.icons, '');
  set('layout', v.layout, start.layout);
  set('freeze', v.freeze ? '1' : '', '');
  set('pins', v.pins, '');
  set('left', v.left ? '' : '0', '');
  set('right', v.right ? '' : '0', '');
  const s = p.toString();
  return s ? `?v=1&${s}` : '?';
}

export interface Clock {
  /** The end of the data. */
  anchor: number;
  /** The begin of the data. */
  first: number;
}

const units: Record<string, number> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };
const resolve = (v: string, anchor: number): number => {
  if (v === 'now') return anchor;
  const m = relative.exec(v);
  return m ? anchor - Number(m[1]) * units[m[2]] : Date.parse(v);
};

export interface Times {
  window: [number, number];
  range: [number, number];
  win: Window;
}

/** timesOf says which span the brush shows and which part of it is chosen. */
export function timesOf(v: View, c: Clock): Times {
  const all = Math.max(c.anchor - c.first, 3e5);
  const win: Window = v.win || (all <= spans['24h'] * 1.05 ? 'all' : '24h');
  const to = v.end ? resolve(v.end, c.anchor) : c.anchor;
  const window: [number, number] =
    win === 'all' ? [c.first, Math.max(c.anchor, c.first + 3e5)] : [to - spans[win], to];
  const range: [number, number] = [
    v.from ? resolve(v.from, c.anchor) : window[0],
    v.to ? resolve(v.to, c.anchor) : window[1],
  ];
  if (range[1] <= range[0]) return { window, range: window, win };
  // A link may name a range that the window does not hold: the window goes there.
  if (range[0] < window[0] || range[1] > window[1]) {
    const size = Math.max(window[1] - window[0], range[1] - range[0]);
    const begin = range[0] < window[0] ? range[0] : range[1] - size;
    return { window: [begin, begin + size], range, win };
  }
  return { window, range, win };
}

export const iso = (t: number): string => new Date(t).toISOString().replace('.000Z', 'Z');

/** whole tells whether the range is the window itself. */
export const whole = (t: Times): boolean => t.range[0] === t.window[0] && t.range[1] === t.window[1];

/** frozen is a view with its times made absolute: it shows the same whenever it is opened. */
export const frozen = (v: View, t: Times): View => ({
  ...v,
  from: iso(t.range[0]),
  to: iso(t.range[1]),
  win: t.win,
  end: t.win === 'all' ? '' : iso(t.window[1]),
});
