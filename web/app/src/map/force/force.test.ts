import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { big } from '../../../fixture/big.mjs';
import type { Graph } from '../../api/graph';
import { iconOf } from '../../icons';
import type { Job } from '../arrange';
import type { Box } from '../geometry';
import type { Measure } from '../marks';
import type { Pins } from '../move';
import { Route } from '../routes';
import { type Scene, sceneOf } from '../scene';
import { dark, light } from '../theme';
import type { Layout } from '../tiers';
import { forceJob, liveOf, paintBubbles } from './force';

const load = (name: string): Graph => JSON.parse(readFileSync(`fixture/${name}.json`, 'utf8'));
const company = load('company');
const measure: Measure = (t, f) => t.length * f.size * 0.55;
const job = (scene: Scene, more: Partial<Job> = {}): Job => ({
  kind: 'force',
  scene,
  view: { w: 900, h: 640 },
  pins: new Map(),
  memory: null,
  key: 'k',
  ...more,
});
const laid = (g: Graph, more: Partial<Job> = {}) => {
  const scene = sceneOf(g, 'bytes', 'all');
  return { scene, ...forceJob(job(scene, more)) };
};
const boxesOf = (l: Layout): Map<string, Box> =>
  new Map([...l.frames.map((f) => [f.frame.id, f.box] as const), ...l.cards, ...l.tiles]);
const mid = (b: Box): [number, number] => [b.x + b.w / 2, b.y + b.h / 2];
/** out is how far circle a reaches out of circle b. */
const out = (a: Box, b: Box): number => {
  const [[ax, ay], [bx, by]] = [mid(a), mid(b)];
  return Math.hypot(ax - bx, ay - by) + a.w / 2 - b.w / 2;
};
/** over is how far two circles overlap. */
const over = (a: Box, b: Box): number => {
  const [[ax, ay], [bx, by]] = [mid(a), mid(b)];
  return a.w / 2 + b.w / 2 - Math.hypot(ax - bx, ay - by);
};
/** families are the boxes that lie beside each other, with the one around them. */
function families(scene: Scene, l: Layout): { up: Box | null; kids: Box[] }[] {
  const at = boxesOf(l);
  const list: { up: Box | null; kids: Box[] }[] = [
    { up: null, kids: scene.frames.map((f) => at.get(f.id)!) },
  ];
  const walk = (f: Scene['frames'][number]): void => {
    list.push({ up: at.get(f.id)!, kids: [...f.frames, ...f.cards].map((k) => at.get(k.id)!) });
    f.frames.forEach(walk);
    for (const c of f.cards)
      if (c.tiles.length) list.push({ up: at.get(c.id)!, kids: c.tiles.map((t) => at.get(t.id)!) });
  };
  scene.frames.forEach(walk);
  return list;
}
const sound = (scene: Scene, l: Layout): void => {
  for (const { up, kids } of families(scene, l))
    for (const [i, k] of kids.entries()) {
      if (up) expect(out(k, up)).toBeLessThan(0.5);
      for (const other of kids.slice(i + 1)) expect(over(k, other)).toBeLessThan(0.5);
    }
};

describe('force', () => {
  for (const [name, g] of [
    ['company', company],
    ['plain', load('plain')],
    ['large', big(600, 1800) as unknown as Graph],
  ] as const)
    it(`${name}: no bubbles overlap, and each lies in the one around it`, () => {
      const { scene, base } = laid(g);
      expect(base.cards.size).toBe(new Set(scene.cardOf.values()).size);
      sound(scene, base);
    });

  it('the same input gives the same picture, in whatever order it comes', () => {
    const turned = { ...company, nodes: [...company.nodes].reverse(), edges: [...company.edges].reverse() };
    const [a, b] = [laid(company), laid(turned)];
    for (const [id, box] of a.base.cards) {
      const [x, y] = mid(box);
      const [p, q] = mid(b.base.cards.get(id)!);
      expect(Math.hypot(x - p, y - q)).toBeLessThan(0.01);
    }
    expect(laid(company).courses).toEqual(a.courses);
  });

  it('a path ends at the circles it joins; a denied one at the boundary that denied it', () => {
    const { scene, base, courses } = laid(company);
    for (const c of courses) {
      const k = scene.strokes[c.n];
      const t = base.cards.get(k.t)!;
      const s = base.cards.get(k.s)!;
      expect(Math.abs(Math.hypot(c.from.x - mid(s)[0], c.from.y - mid(s)[1]) - s.w / 2)).toBeLessThan(1);
      if (!c.mark) expect(Math.hypot(c.to.x - mid(t)[0], c.to.y - mid(t)[1]) - t.w / 2).toBeLessThan(7);
    }
    const n = scene.strokes.findIndex(
      (k) => k.s === 'svc:analytics:spark' && k.t === 'svc:prod-eu:orders-db' && k.verdict === 'denied',
    );
    const mark = courses.find((c) => c.n === n)!.mark!;
    const home = base.frames.find((f) => f.frame.id === 'aws:subnet:prod-eu-data')!.box;
    expect(Math.abs(Math.hypot(mark.x - mid(home)[0], mark.y - mid(home)[1]) - home.w / 2)).toBeLessThan(1);
  });

  it('what was dragged is where it was put', () => {
    const pins: Pins = new Map([
      ['~svc:prod-eu:web', { x: 40, y: -30 }],
      ['~gcp:network:analytics', { x: 300, y: 200 }],
    ]);
    const { scene, base } = laid(company, { pins });
    const near = ([x, y]: [number, number], p: { x: number; y: number }) =>
      expect(Math.hypot(x - p.x, y - p.y)).toBeLessThan(0.01);
    near(mid(base.cards.get('svc:prod-eu:web')!), pins.get('~svc:prod-eu:web')!);
    near(mid(boxesOf(base).get('gcp:network:analytics')!), pins.get('~gcp:network:analytics')!);
    expect([...base.pinned!].sort()).toEqual(['gcp:network:analytics', 'svc:prod-eu:web']);
    expect(base.cards.size).toBe(new Set(scene.cardOf.values()).size);
  });

  it('a new node finds a place and no other card moves', () => {
    const { base } = laid(company);
    const g = structuredClone(company);
    const like = g.nodes.find((n) => n.label === 'web')!;
    g.nodes.push({ ...like, id: 'svc:prod-eu:aaa', label: 'aaa', count: 1 });
    const memory = {
      key: 'k',
      view: { w: 1, h: 1 },
      boxes: boxesOf(base),
      slots: [],
      cardH: 0,
      bands: new Map(),
    };
    const after = laid(g, { memory });
    expect(after.base.cards.has('svc:prod-eu:aaa')).toBe(true);
    for (const [id, b] of base.cards) {
      const [x, y] = mid(b);
      const [p, q] = mid(after.base.cards.get(id)!);
      expect(Math.hypot(x - p, y - q), id).toBeLessThan(1);
    }
    sound(after.scene, after.base);
  });

  it('dragging a bubble takes what it holds along, and frozen nothing else', () => {
    const { scene, base } = laid(company);
    const before = boxesOf(base);
    const live = liveOf(scene, base, new Map());
    const [x, y] = mid(before.get('azure:network:corp-hub')!);
    const pins = live.drag('azure:network:corp-hub', x - 90, y + 50);
    const after = boxesOf(live.layout(pins));
    const move = (id: string) => {
      const [[a, b], [c, d]] = [mid(before.get(id)!), mid(after.get(id)!)];
      return [Math.round(c - a) + 0, Math.round(d - b) + 0];
    };
    expect(move('svc:corp-hub:erp-sql')).toEqual([-90, 50]);
    expect(move('svc:prod-eu:web')).toEqual([0, 0]);
    expect([...pins.keys()]).toEqual(['~azure:network:corp-hub']);
  });

  it('live, it comes to rest with nothing overlapping', () => {
    const { scene, base } = laid(company);
    const live = liveOf(scene, base, new Map());
    const [x, y] = mid(base.cards.get('svc:prod-eu:web')!);
    live.drag('svc:prod-eu:web', x + 30, y + 40);
    live.warm(0.4);
    let steps = 0;
    while (live.step() && steps < 2000) steps++;
    expect(steps).toBeGreaterThan(20);
    expect(steps).toBeLessThan(2000);
    const l = live.layout(new Map());
    const [p, q] = mid(l.cards.get('svc:prod-eu:web')!);
    expect(Math.hypot(p - x - 30, q - y - 40)).toBeLessThan(0.01);
    for (const { kids } of families(scene, l))
      for (const [i, k] of kids.entries())
        for (const other of kids.slice(i + 1)) expect(over(k, other)).toBeLessThan(0.5);
  });

  it('a country is its letters, opened to its hosts too', () => {
    const g = structuredClone(company);
    const de = g.nodes.find((n) => n.country === 'DE' && n.kind === 'net.country')!;
    const hosts = [1, 2].map((i) => ({ ...de, parent: de.id, id: `host:192.0.2.${i}`, count: 1 }));
    g.nodes = [...g.nodes.filter((n) => n !== de), ...hosts];
    g.groups.push({ ...de, kind: 'service', icon: de.kind });
    g.edges = [];
    const { scene, base } = laid(g);
    const all = paintBubbles({ scene, layout: base, routes: [], theme: light, measure, focus: null });
    expect(all.filter((m) => m.m === 'glyph' && m.name === iconOf('net.country').glyph)).toEqual([]);
    expect(all.filter((m) => m.m === 'text' && m.text === 'DE')).toHaveLength(2);
  });

  it('names do not overlap, and every box and focused card says its own', () => {
    const { scene, base, courses } = laid(company);
    const routes = courses.map((c) => new Route(scene.strokes[c.n], c));
    for (const theme of [light, dark]) {
      const marks = paintBubbles({ scene, layout: base, routes, theme, measure, focus: null });
      const texts = marks.flatMap((m) => (m.m === 'text' && m.halo ? [m] : []));
      const said = new Set(texts.map((m) => m.text));
      for (const f of base.frames.filter((x) => x.kind !== 'subnet')) expect(said).toContain(f.frame.label);
      const boxes = texts
        .filter((m) => !m.text.startsWith(' ×'))
        .map((m) => ({ x: m.x, y: m.y - m.font.size, w: measure(m.text, m.font), h: m.font.size + 3 }));
      for (const [i, a] of boxes.entries())
        for (const b of boxes.slice(i + 1))
          expect(a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h).toBe(false);
    }
  });
});
