import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/graph';
import { iconOf } from '../icons';
import {
  type Box,
  cutEntering,
  cutLeaving,
  distance,
  flatten,
  inside,
  lengthOf,
  overlap,
  type Point,
  pathText,
} from './geometry';
import { placeLabels } from './labels';
import { fit, type Mark, type Measure } from './marks';
import { paint } from './paint';
import { routesOf, scaleOf } from './routes';
import { type Column, type Scene, sceneOf } from './scene';
import { svgOf } from './svg';
import { dark, light } from './theme';
import { tiers } from './tiers';

const load = (name: string): Graph => JSON.parse(readFileSync(`fixture/${name}.json`, 'utf8'));
const window = { w: 896, h: 632 };
const measure: Measure = (t, f) => t.length * f.size * 0.55;
const company = load('company');
const plain = load('plain');

const shuffled = (g: Graph): Graph => {
  let seed = 3;
  const mix = <T>(list: T[]): T[] =>
    list
      .map((v) => [(seed = (seed * 48271) % 2147483647), v] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, v]) => v);
  return { ...g, groups: mix(g.groups), nodes: mix(g.nodes), edges: mix(g.edges) };
};

const laid = (g: Graph, before?: Map<string, Column>) => {
  const scene = sceneOf(g, 'bytes', 'all', before);
  const layout = tiers(scene, window);
  return { scene, layout, routes: routesOf(scene, layout) };
};

/** bare is a graph of three hosts without names, networks or groups. */
const bare = (): Graph => {
  const node = (id: string) => ({
    id,
    parent: null,
    kind: 'gen.unknown',
    label: id.slice(5),
    in: { r: 1 },
    out: { r: 1 },
  });
  const edge = (s: string, t: string, port: number) => ({
    s,
    t,
    verdicts: { allowed: { b: 10, p: 1, r: 2 } },
    ports: [{ proto: 'tcp', port, r: 2, v: 'allowed' as const }],
    first: '',
    last: '',
  });
  return {
    range: { from: '', to: '' },
    level: 'service',
    totals: { bytes: 20, packets: null, records: 4, denied: 0, endpoints: 3 },
    groups: [],
    nodes: ['host:10.0.0.1', 'host:10.0.0.2', 'host:10.0.0.3'].map(node),
    edges: [edge('host:10.0.0.1', 'host:10.0.0.2', 8080), edge('host:10.0.0.2', 'host:10.0.0.3', 5432)],
  };
};

describe('scene', () => {
  it('puts what the server says into columns, and what it does not know with app', () => {
    const s = sceneOf(company, 'bytes', 'all');
    expect(s.tiers.get('aws:subnet:prod-eu-data')).toBe('data');
    const g = bare();
    g.nodes[2].tier = 'data';
    const t = sceneOf(g, 'bytes', 'all').tiers;
    expect([t.get('host:10.0.0.1'), t.get('host:10.0.0.2'), t.get('host:10.0.0.3')]).toEqual([
      'app',
      'app',
      'data',
    ]);
  });

  it('keeps the internet together when a country is opened', () => {
    const g = structuredClone(company);
    g.groups.push({ id: 'inet:cc:DE', parent: 'inet', kind: 'country', label: 'DE' });
    g.groups.push({
      id: 'inet:net:192.0.2.0/24@DE',
      parent: 'inet:cc:DE',
      kind: 'net',
      label: '192.0.2.0/24',
    });
    const host = (id: string, parent: string) => ({ ...g.nodes[0], id, parent, label: id.slice(5) });
    g.nodes.push(host('host:192.0.2.1', 'inet:net:192.0.2.0/24@DE'), host('host:198.51.100.1', 'inet:cc:DE'));
    const s = sceneOf(g, 'bytes', 'all');
    const boxes = s.frames.filter((f) => f.side === 'internet').map((f) => f.label);
    expect(boxes).toEqual(['Internet', 'Scanners', 'Sites & users', 'DE']);
    expect(s.cardOf.get('host:192.0.2.1')?.id).toBe('inet:net:192.0.2.0/24@DE');
    const layout = tiers(s, window);
    expect(layout.cards.has('inet:net:192.0.2.0/24@DE')).toBe(true);
    expect(layout.cards.has('host:198.51.100.1')).toBe(true);
  });

  it('keeps a column that was decided before, so that a refresh moves nothing', () => {
    const before = new Map<string, Column>([['host:10.0.0.3', 'public']]);
    expect(sceneOf(bare(), 'bytes', 'all', before).tiers.get('host:10.0.0.3')).toBe('public');
  });

  it('draws a stroke for each verdict of a path, and only the one that is asked for', () => {
    const g = structuredClone(company);
    g.edges[0].verdicts.denied = { r: 5, at: 'server' };
    const of = (s: Scene) => s.strokes.filter((k) => k.edge === g.edges[0]).map((k) => k.verdict);
    expect(of(sceneOf(g, 'bytes', 'all'))).toEqual(['allowed', 'denied']);
    expect(of(sceneOf(g, 'bytes', 'denied'))).toEqual(['denied']);
  });

  it('an unknown counter stays unknown', () => {
    const g = bare();
    g.edges[0].verdicts.allowed = { b: null, r: 2 };
    expect(sceneOf(g, 'bytes', 'all').strokes[0].value).toBeNull();
  });

  it('leaves out a path whose ends are not in the picture', () => {
    const g = bare();
    g.nodes.pop();
    expect(sceneOf(g, 'bytes', 'all').strokes).toHaveLength(1);
  });
});

describe('tiers', () => {
  for (const [name, g] of [
    ['company', company],
    ['plain', plain],
    ['bare', bare()],
  ] as const)
    it(`${name}: no two cards overlap and every card lies in the picture`, () => {
      const { layout, scene } = laid(g);
      const cards = [...layout.cards.values()];
      expect(cards).toHaveLength(new Set(scene.cardOf.values()).size);
      for (let i = 0; i < cards.length; i++) {
        for (let j = i + 1; j < cards.length; j++) expect(overlap(cards[i], cards[j])).toBe(false);
        const c = cards[i];
        expect(
          c.x >= 0 && c.y >= 0 && c.x + c.w <= layout.size.w + 0.5 && c.y + c.h <= layout.size.h + 0.5,
        ).toBe(true);
      }
    });

  it('the same input gives the same picture, in whatever order it comes', () => {
    const a = laid(company).layout;
    const b = laid(shuffled(company)).layout;
    expect(Object.fromEntries(b.cards)).toEqual(Object.fromEntries(a.cards));
  });

  it('columns read left to right: internet, public, app, data, services', () => {
    const { layout } = laid(company);
    const x = (id: string) => layout.cards.get(id)!.x;
    const order = [
      'inet:cc:DE',
      'svc:prod-eu:alb-web',
      'svc:prod-eu:web',
      'svc:prod-eu:orders-db',
      'svc:aws:S3',
    ].map(x);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('a box holds its cards', () => {
    const { layout } = laid(company);
    for (const f of layout.frames)
      for (const c of f.frame.cards) {
        const b = layout.cards.get(c.id)!;
        expect(inside({ x: b.x, y: b.y }, f.box) && inside({ x: b.x + b.w, y: b.y + b.h }, f.box)).toBe(true);
      }
  });

  it('many addresses are wrapped so that they can be read', () => {
    const { layout } = laid(plain);
    expect(Math.min(window.w / layout.size.w, window.h / layout.size.h)).toBeGreaterThan(0.55);
  });

  it('an opened service shows a tile for each host', () => {
    const g = structuredClone(company);
    const web = g.nodes.find((n) => n.label === 'web')!;
    g.nodes = g.nodes.filter((n) => n !== web);
    g.groups.push({
      id: web.id,
      parent: web.parent,
      kind: 'service',
      label: 'web',
      icon: web.kind,
      provider: 'aws',
    });
    for (let i = 0; i < 12; i++)
      g.nodes.push({ ...web, id: `host:${i}`, parent: web.id, label: `web-${i}`, count: 1 });
    for (const e of g.edges) {
      if (e.s === web.id) e.s = 'host:3';
      if (e.t === web.id) e.t = 'host:4';
    }
    const { layout, routes } = laid(g);
    const card = layout.cards.get(web.id)!;
    expect([...layout.tiles.values()].filter((t) => inside({ x: t.x, y: t.y }, card))).toHaveLength(12);
    expect(routes.some((r) => r.stroke.t === 'host:4')).toBe(true);
  });

  it('nothing is a picture too', () => {
    const g = { ...bare(), nodes: [], edges: [] };
    const { layout, routes } = laid(g);
    expect([layout.cards.size, routes.length]).toEqual([0, 0]);
    expect(layout.size.w).toBeGreaterThan(0);
  });
});

describe('routes', () => {
  const { layout, routes } = laid(company);
  const find = (s: string, t: string) => routes.find((r) => r.stroke.s === s && r.stroke.t === t)!;

  it('a path touches the sides of its two cards', () => {
    for (const r of routes) {
      const s = layout.cards.get(r.stroke.s)!;
      expect(inside(r.from, s, 0.5)).toBe(true);
      if (!r.mark) expect(inside(r.to, layout.cards.get(r.stroke.t)!, 6)).toBe(true);
    }
  });

  it('a path that skips columns crosses no card', () => {
    let crossed = 0;
    for (const r of routes)
      for (const [id, b] of layout.cards) {
        if (id === r.stroke.s || id === r.stroke.t) continue;
        if (r.line.some((p) => inside(p, b, -2))) crossed++;
      }
    expect(crossed).toBe(0);
  });

  it('a denied path ends at the boundary of the box that stopped it', () => {
    const r = find('svc:analytics:spark', 'svc:prod-eu:orders-db');
    const box = layout.frames.find((f) => f.frame.id === 'aws:subnet:prod-eu-data')!.box;
    expect(Math.abs(r.mark!.x - box.x)).toBeLessThan(1);
    const c = find('svc:corp-hub:erp-aks', 'inet:cc:US');
    const home = layout.frames.find((f) => f.frame.id === 'azure:subnet:corp-hub-apps')!.box;
    expect(Math.abs(c.mark!.x - home.x)).toBeLessThan(1);
  });

  it('wider means more, within bounds, and unknown is thin', () => {
    const scale = scaleOf(routes.map((r) => r.stroke));
    const w = [1e3, 1e9, 1e10, 1e11, 5e11].map((v) => scale.width(v));
    expect(w).toEqual([...w].sort((a, b) => a - b));
    expect([w[0], Math.max(...w) <= 8.5, scale.width(null)]).toEqual([1.1, true, 1.1]);
  });

  it('ends on one side of a card are in the order of where they go', () => {
    const from = routes.filter((r) => r.stroke.s === 'inet:scanners').sort((a, b) => a.from.y - b.from.y);
    const to = from.map((r) => layout.cards.get(r.stroke.t)!.y);
    expect(to).toEqual([...to].sort((a, b) => a - b));
  });

  it('routes the whole of a large map in little time', () => {
    const began = performance.now();
    laid(plain);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('geometry', () => {
  const line: Point[] = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ];
  const box: Box = { x: 60, y: -10, w: 80, h: 20 };
  it('cuts where a line enters or leaves a box', () => {
    expect(cutEntering(line, box, 0)!.at(-1)!.x).toBeCloseTo(60, 1);
    expect(cutEntering(line, { ...box, x: 200 }, 0)).toBeNull();
    expect(cutLeaving([...line].reverse(), box)!.at(-1)!.x).toBeCloseTo(60, 1);
  });
  it('measures', () => {
    expect(lengthOf(line)).toBe(100);
    expect(distance({ x: 50, y: 7 }, line)).toBe(7);
    const p = {
      from: { x: 0, y: 0 },
      steps: [
        {
          to: { x: 10, y: 0 },
          c: [
            { x: 3, y: 5 },
            { x: 7, y: 5 },
          ] as [Point, Point],
        },
      ],
    };
    expect(flatten(p).at(-1)).toEqual({ x: 10, y: 0 });
    expect(pathText(p)).toBe('M0 0C3 5 7 5 10 0');
  });
});

describe('labels', () => {
  const line: Point[] = [
    { x: 0, y: 0 },
    { x: 400, y: 0 },
  ];
  it('do not overlap each other or what must stay readable', () => {
    const wanted = Array.from({ length: 6 }, () => ({ line, w: 80, h: 16 }));
    const wall = { x: 150, y: -40, w: 100, h: 80 };
    const got = placeLabels(wanted, [wall]).map((l) => l.box);
    expect(got.length).toBeGreaterThan(2);
    for (let i = 0; i < got.length; i++)
      for (let j = i + 1; j < got.length; j++) expect(overlap(got[i], got[j])).toBe(false);
  });
  it('a single one is always placed', () => {
    expect(placeLabels([{ line, w: 80, h: 16 }], [{ x: -999, y: -999, w: 2999, h: 2999 }])).toHaveLength(1);
  });
});

describe('paint and SVG', () => {
  const { scene, layout, routes } = laid(company);
  const marks = (theme = light): Mark[] => paint({ scene, layout, routes, theme, measure, focus: null });

  it('texts fit their cards', () => {
    expect(fit('catalog-search', { size: 12, weight: 600 }, 40, measure)).toMatch(/^cat.*…$/);
    expect(fit('x', { size: 12, weight: 600 }, 2, measure)).toBe('');
  });

  it('every box says its name', () => {
    const texts = new Set(marks().map((m) => (m.m === 'text' ? m.text : '')));
    for (const f of layout.frames) expect(texts.has(f.frame.label)).toBe(true);
  });

  it('a box in another that is not drawn says its own name where both have no room', () => {
    const long = 'a-very-long-name-of-an-account-that-fills-every-box-of-the-map-and-more-than-that';
    const g: Graph = {
      ...structuredClone(plain),
      level: 'network',
      groups: [
        { id: 'aws:account:1', parent: null, kind: 'account', label: long, provider: 'aws' },
        { id: 'aws:network:1', parent: 'aws:account:1', kind: 'network', label: 'prod', provider: 'aws' },
      ],
      nodes: ['app', 'data'].map((label) => ({
        ...company.nodes[0],
        id: `aws:subnet:1/${label}`,
        parent: 'aws:network:1',
        kind: 'gen.group',
        label,
      })),
      edges: [],
    };
    const { scene, layout } = laid(g);
    const all = paint({ scene, layout, routes: [], theme: light, measure, focus: null });
    expect(all.flatMap((m) => (m.m === 'text' ? [m.text] : []))).toContain('prod');
  });

  it('one sign for each denied path and one icon for each card', () => {
    const list = marks();
    const signs = list.filter((m) => m.m === 'dot' && m.fill === light.denied);
    expect(signs).toHaveLength(routes.filter((r) => r.stroke.verdict === 'denied').length);
    expect(list.filter((m) => m.m === 'glyph').length).toBeGreaterThanOrEqual(40);
    expect(marks(dark)).toHaveLength(list.length);
  });

  it('a country is its letters, opened to its hosts too', () => {
    const g = structuredClone(company);
    const de = g.nodes.find((n) => n.country === 'DE' && n.kind === 'net.country')!;
    g.nodes = [...g.nodes.filter((n) => n !== de), { ...de, parent: de.id, id: 'host:192.0.2.1', count: 1 }];
    g.groups.push({ ...de, kind: 'service', icon: de.kind });
    g.edges = [];
    const { scene, layout } = laid(g);
    const all = paint({ scene, layout, routes: [], theme: light, measure, focus: null });
    expect(all.filter((m) => m.m === 'glyph' && m.name === iconOf('net.country').glyph)).toEqual([]);
    // Once near, once from afar, and once the host's own.
    expect(all.filter((m) => m.m === 'text' && m.text === 'DE')).toHaveLength(3);
  });

  it('what is not in focus is dimmed', () => {
    const focus = {
      nodes: new Set(['svc:prod-eu:web']),
      edges: new Set<string>(),
      selected: new Set(['svc:prod-eu:web']),
      edge: '',
      labels: true,
    };
    const list = paint({ scene, layout, routes, theme: light, measure, focus });
    expect(list.filter((m) => m.m === 'path').every((m) => m.a <= 0.1)).toBe(true);
    expect(list.find((m) => m.m === 'text' && m.text === 'web')!.a).toBe(1);
    expect(list.find((m) => m.m === 'text' && m.text === 'worker')!.a).toBeLessThan(0.5);
  });

  it('foreign text is text in the file', () => {
    const evil: Mark = {
      m: 'text',
      x: 0,
      y: 0,
      text: '<script>&"\u0001</script>',
      font: { size: 10, weight: 400 },
      fill: '#000',
      a: 1,
    };
    const svg = svgOf([evil, ...marks()], layout.size, light.back, '</title><b>');
    expect(svg).toContain('&lt;script&gt;&amp;&quot;&lt;/script&gt;');
    expect(svg).not.toContain('<script>');
    expect(svg).not.toContain('\u0001');
    const doc = new DOMParser().parseFromString(svg, 'image/svg+xml');
    expect(doc.documentElement.nodeName.toLowerCase()).toBe('svg');
  });
});
