// What holds of every picture, over graphs of many shapes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph, GraphEdge, GraphNode, Group } from '../api/graph';
import type { Verdict } from '../api/words';
import { labelMarks } from './callouts';
import { bundle, pieceOf } from './clusters';
import { type Box, inside, overlap } from './geometry';
import { legible, type Mark, type Measure, type Picture } from './marks';
import { headers, paint } from './paint';
import { routesOf, scaleOf, spreadOf } from './routes';
import { type Frame, sceneOf } from './scene';
import { dark, light, type Theme } from './theme';
import { tiers } from './tiers';

const measure: Measure = (t, f) => [...t].length * f.size * 0.55;
const random = (seed: number) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const kinds = ['aws.ec2', 'aws.alb', 'aws.rds', 'gcp.gke', 'azure.vm', 'gen.unknown'];
const verdicts: Verdict[] = ['allowed', 'allowed', 'allowed', 'unknown', 'denied', 'dropped'];

interface Shape {
  networks?: number;
  subnets?: number;
  cards?: number; // in a subnet, or in a network without any
  outside?: number;
  services?: number;
  name?: (i: number) => string;
  lost?: number; // in no network that is known
}

/** made is a graph of a shape; the same shape gives the same graph. */
function made(shape: Shape): Graph {
  const { networks = 1, subnets = 3, cards = 3, outside = 5, services = 0, lost = 0 } = shape;
  const name = shape.name ?? ((i) => `service-${i}`);
  const groups: Group[] = [];
  const nodes: GraphNode[] = [];
  const node = (id: string, parent: string | null, kind: string, label: string): void => {
    const provider = kind.startsWith('gen') || kind.startsWith('net') ? '' : (kind.split('.')[0] as 'aws');
    nodes.push({
      id,
      parent,
      kind,
      label,
      provider,
      in: { r: 2, b: 9e6 },
      out: { r: 1 },
      count: (nodes.length % 4) + 1,
      expandable: true,
      denied: { in: nodes.length % 3 ? 0 : 1200, out: 0 },
    });
  };
  for (let n = 0; n < networks; n++) {
    const net = `aws:network:${n}`;
    groups.push({
      id: net,
      parent: null,
      kind: 'network',
      label: name(n),
      provider: n % 3 ? 'gcp' : 'aws',
      cidr: [`10.${n}.0.0/16`, '2001:db8::/56'],
      region: 'eu-central-1',
      endpoints: 1234,
    });
    for (let s = 0; s < Math.max(1, subnets); s++) {
      const sub = subnets ? `aws:subnet:${n}/${s}` : net;
      if (subnets)
        groups.push({
          id: sub,
          parent: net,
          kind: 'subnet',
          label: name(s),
          provider: 'aws',
          tier: (['public', 'app', 'data'] as const)[s % 3],
          cidr: [`10.${n}.${s}.0/24`],
        });
      for (let c = 0; c < cards; c++)
        node(`host:${n}.${s}.${c}`, sub, kinds[(n + s + c) % kinds.length], name(nodes.length));
    }
  }
  if (outside) groups.push({ id: 'internet:', parent: null, kind: 'internet', label: 'Internet' });
  for (let i = 0; i < outside; i++)
    node(
      `inet:cc:${i}`,
      'internet:',
      ['net.country', 'net.scanner', 'net.onprem', 'net.internet'][i % 4],
      name(i),
    );
  if (services)
    groups.push({
      id: 'services:aws',
      parent: null,
      kind: 'services',
      label: 'AWS services',
      provider: 'aws',
    });
  for (let i = 0; i < services; i++) node(`svc:aws::${i}`, 'services:aws', 'aws.s3', name(i));
  for (let i = 0; i < lost; i++) node(`host:lost${i}`, null, 'gen.unknown', `10.9.${i % 3}.${i}`);
  const next = random(7);
  const edges: GraphEdge[] = [];
  for (let i = 0; i < nodes.length * 2; i++) {
    const [s, t] = [nodes[Math.floor(next() * nodes.length)], nodes[Math.floor(next() * nodes.length)]];
    const v = verdicts[i % verdicts.length];
    const c = { r: 1 + (i % 90), b: i % 7 ? Math.floor(10 ** (2 + next() * 9)) : null };
    edges.push({
      s: s.id,
      t: t.id,
      verdicts: { [v]: { ...c, at: (['server', 'client', 'middle', ''] as const)[i % 4] } },
      answer: i % 5 ? 'seen' : 'none',
      ports: [{ proto: 'tcp', port: 443, name: 'https', r: 1, v }],
      first: '',
      last: '',
    });
  }
  return {
    range: { from: '', to: '' },
    level: 'service',
    totals: { bytes: 1, packets: 1, records: 1, denied: 0, endpoints: nodes.length },
    groups,
    nodes,
    edges,
  };
}

const shapes: Record<string, Graph> = {
  'two hosts': made({ networks: 0, outside: 0, lost: 2 }),
  'one network': made({}),
  'thirty networks': made({ networks: 30, cards: 1, services: 4 }),
  'four hundred nodes': made({ networks: 8, subnets: 6, cards: 8, outside: 16 }),
  'one giant subnet': made({ subnets: 1, cards: 300 }),
  'one giant subnet of addresses': made({ subnets: 1, cards: 300, name: (i) => `10.0.${i % 17}.${i}` }),
  'no internet': made({ networks: 3, outside: 0, services: 3 }),
  'only internet': made({ networks: 0, outside: 40 }),
  'networks without subnets': made({ networks: 4, subnets: 0, cards: 9 }),
  'unknown networks': made({ networks: 0, outside: 3, lost: 45 }),
  'IPv6 names': made({ networks: 2, name: (i) => `2001:db8:${i.toString(16)}:aa::${i}` }),
  'very long names': made({ networks: 3, name: (i) => `${'arn-of-something-'.repeat(14)}${i}` }),
  'right to left and emoji': made({
    networks: 2,
    name: (i) => ['شبكة-الإنتاج', 'שרת', '🚀🚀 rocket 🧑‍🚀', ''][i % 4],
  }),
};
const windows = [
  { w: 336, h: 380, k: 0.8 },
  { w: 896, h: 632 },
  { w: 2000, h: 1180 },
];

const pictureOf = (g: Graph, view: { w: number; h: number }, theme: Theme = light): Picture => {
  const scene = sceneOf(g, 'bytes', 'all');
  const layout = tiers(scene, view);
  return { scene, layout, routes: routesOf(scene, layout), theme, measure, focus: null };
};

/** clashes are the pairs of boxes that overlap. */
const clashes = (boxes: [string, Box][]): string[] => {
  const out: string[] = [];
  boxes.sort((a, b) => a[1].x - b[1].x);
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j][1].x < boxes[i][1].x + boxes[i][1].w; j++)
      if (overlap(boxes[i][1], boxes[j][1], -0.2)) out.push(`${boxes[i][0]} | ${boxes[j][0]}`);
  return out;
};
const within = (a: Box, b: Box): boolean =>
  inside({ x: a.x + 0.5, y: a.y + 0.5 }, b, 0.6) &&
  inside({ x: a.x + a.w - 0.5, y: a.y + a.h - 0.5 }, b, 0.6);

for (const [name, g] of Object.entries(shapes))
  describe(name, () => {
    for (const view of windows)
      it(`at ${view.w}: nothing overlaps, everything lies in its box and in the picture`, () => {
        const { scene, layout } = pictureOf(g, view);
        const cards = new Set(scene.cardOf.values());
        expect(layout.cards.size).toBe(cards.size);
        expect(clashes([...layout.cards])).toEqual([]);
        expect(clashes([...layout.tiles])).toEqual([]);
        for (const n of g.nodes) expect(layout.tiles.has(n.id) || layout.cards.has(n.id)).toBe(true);
        for (const c of cards)
          for (const t of c.tiles)
            expect(within(layout.tiles.get(t.id)!, layout.cards.get(c.id)!)).toBe(true);
        const outer = layout.frames
          .filter((f) => f.kind !== 'subnet')
          .map((f): [string, Box] => [f.frame.id, f.box]);
        expect(clashes(outer)).toEqual([]);
        expect(
          clashes(layout.frames.filter((f) => f.kind === 'subnet').map((f) => [f.frame.id, f.box])),
        ).toEqual([]);
        for (const [, b] of [...outer, ...layout.cards]) expect(within(b, layout.size)).toBe(true);
        const check = (f: Frame, box: Box): void => {
          for (const c of f.cards) expect(within(layout.cards.get(c.id)!, box)).toBe(true);
        };
        for (const f of layout.frames) check(f.frame, f.box);
      });

    it('texts stay in their box, headers do not overlap', () => {
      const p = pictureOf(g, windows[1]);
      const texts = headers(p).filter((b) => !('m' in b && b.m === 'rect'));
      expect(clashes(texts.map((b, i) => [String(i), b]))).toEqual([]);
      for (const b of texts)
        expect(p.layout.frames.some((f) => within({ ...b, h: 1 }, { ...f.box, h: f.box.h + 4 }))).toBe(true);
    });

    it('labels cover no bright card, no header, no other label', () => {
      const p = pictureOf(g, windows[1]);
      const nodes = new Set(
        [...p.scene.cardOf.values()].slice(0, 8).flatMap((c) => [c.id, ...c.tiles.map((t) => t.id)]),
      );
      const edges = new Set(p.scene.strokes.filter((k) => nodes.has(k.s)).map((k) => k.key));
      const focus = { nodes, edges, selected: new Set<string>(), edge: '', labels: true };
      const labels = labelMarks({ ...p, focus }).flatMap((m) => (m.m === 'rect' ? [m] : []));
      if (labels.length < 2) return; // a single one is always placed
      expect(clashes(labels.map((b, i) => [String(i), b]))).toEqual([]);
      const walls = [...[...p.layout.cards].filter(([id]) => nodes.has(id)).map(([, b]) => b), ...headers(p)];
      for (const l of labels) expect(walls.filter((w) => overlap(l, w, -0.2))).toEqual([]);
    });

    it('the same input gives the same picture, light and dark the same marks', () => {
      const [a, b] = [paint(pictureOf(g, windows[1])), paint(pictureOf(structuredClone(g), windows[1]))];
      expect(b).toEqual(a);
      expect(paint(pictureOf(g, windows[1], dark)).map((m) => m.m)).toEqual(a.map((m) => m.m));
    });
  });

describe('what can be read', () => {
  const company: Graph = JSON.parse(readFileSync('fixture/company.json', 'utf8'));
  it('every name and number of a company can be read when all is seen', () => {
    for (const view of [windows[1], { w: 1370, h: 830 }]) {
      const p = pictureOf(company, view);
      const read = paint(p).filter((m) => m.m === 'text' && m.font.size > 5) as Extract<
        Mark,
        { m: 'text' }
      >[];
      expect(read.filter((m) => m.font.size * p.layout.k < legible).map((m) => m.text)).toEqual([]);
    }
  });

  it('many hosts are tiles of their service, and their paths bundles that sum them up', () => {
    const g = made({ subnets: 1, cards: 120, name: (i) => `web-${i}` });
    for (const n of g.nodes) if (n.id.startsWith('host:')) n.service = 'svc:aws:vpc/web';
    const s = sceneOf(g, 'records', 'all');
    const c = s.cardOf.get('host:0.0.7')!;
    expect([c.id, c.label, c.tiles.length, c.cluster]).toEqual(['svc:aws:vpc/web', 'web', 120, true]);
    expect(s.strokes.length).toBeLessThan(s.single.length / 4);
    const sum = (list: typeof s.strokes) => list.reduce((n, k) => n + k.records, 0);
    const between = s.single.filter((k) => s.cardOf.get(k.s) !== s.cardOf.get(k.t));
    expect(sum(bundle(s))).toBe(sum(between));
    // Once so, so it stays: a refresh with fewer hosts moves nothing.
    const less = { ...g, nodes: g.nodes.slice(0, 40), edges: [] };
    expect(sceneOf(less, 'records', 'all', undefined, true).cardOf.get('host:0.0.7')!.id).toBe(c.id);
    expect(sceneOf(less, 'records', 'all').cardOf.get('host:0.0.7')!.id).toBe('host:0.0.7');
  });

  it('what stays when the window changes is drawn at the size that it has', () => {
    const scene = sceneOf(company, 'bytes', 'all');
    const wide = tiers(scene, windows[2], null, 'k');
    const small = tiers(scene, { w: 708, h: 440 }, wide.memory, 'k');
    expect([wide.compact, small.compact]).toEqual([wide.cardH < 30, small.cardH < 30]);
  });

  it('pieces of address space', () => {
    const f = (a: string, want: string) => expect(pieceOf(a)).toBe(want);
    f('10.0.1.27', '10.0.1.0/24');
    f('2001:db8:49::10', '2001:db8:49:0::/64');
    f('::1', '0:0:0:0::/64');
    f('web-1', '');
    f('', '');
  });

  it('widths follow the formula and are fixed between 1.1 and 8.5', () => {
    const values = [1e3, 1e4, 1e6, 1e9];
    const scale = scaleOf(values.map((value) => ({ verdict: 'allowed', value }) as never));
    const part = Math.log10(1e6 / 1e3) / Math.log10(1e9 / 1e3);
    expect(scale.width(1e6)).toBeCloseTo(1.1 + 7.4 * part ** 1.7, 6);
    expect([scale.width(1), scale.width(1e15), scale.width(null)]).toEqual([1.1, 8.5, 1.1]);
  });

  it('texts have contrast enough in both themes', () => {
    const lum = (hex: string) => {
      const [r, g, b] = [1, 3, 5].map((i) => {
        const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
        return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a: string, b: string) =>
      (Math.max(lum(a), lum(b)) + 0.05) / (Math.min(lum(a), lum(b)) + 0.05);
    for (const t of [light, dark]) {
      const pairs = [t.text, t.muted, ...Object.values(t.ink)].flatMap((ink) => [
        [ink, t.card],
        [ink, t.back],
      ]);
      pairs.push([t.badgeText, t.badge], [t.labelText, t.label]);
      for (const [ink, paper] of pairs)
        expect([ink, paper, ratio(ink, paper) >= 4.5]).toEqual([ink, paper, true]);
    }
  });
});

describe('widths that do not follow every refresh', () => {
  it('are measured by the spread that the scene was given', () => {
    const stroke = (value: number) => ({ verdict: 'allowed', value }) as never;
    const before = [1e3, 1e6, 1e9].map(stroke);
    const spread = spreadOf(before);
    const after = [1e3, 1e6, 1e12].map(stroke);
    expect(scaleOf(after, spread).width(1e6)).toBe(scaleOf(before).width(1e6));
    expect(scaleOf(after).width(1e6)).toBeLessThan(scaleOf(before).width(1e6));
    expect(scaleOf(after, spread).width(1e12)).toBe(8.5);
  });
});
