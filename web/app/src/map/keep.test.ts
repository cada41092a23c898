// What stays where it is: pins, and what a refresh finds in its place.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode } from '../api/graph';
import { Camera, pinched, wheelFactor } from './camera';
import { type Box, inside, overlap } from './geometry';
import { outside, smallOf } from './minimap';
import { moved, originOf, type Pins } from './move';
import { decodePins, encodePins, readPins } from './pincode';
import { routesOf } from './routes';
import { sceneOf } from './scene';
import { type Layout, tiers } from './tiers';

const load = (name: string): Graph => JSON.parse(readFileSync(`fixture/${name}.json`, 'utf8'));
const company = load('company');
const view = { w: 896, h: 632 };
const sceneFor = (g: Graph) => sceneOf(g, 'bytes', 'all');
const first = tiers(sceneFor(company), view, null, 'k');
const place = (b: Box | undefined) => b && [Math.round(b.x), Math.round(b.y)];
const added = (label: string, parent: string): Graph => {
  const g = structuredClone(company);
  const like = g.nodes.find((n) => n.label === 'web')!;
  g.nodes.push({ ...like, id: `svc:${label}`, parent, label, count: 1 });
  return g;
};
const apart = (l: Layout): void => {
  const list = [...l.cards];
  for (const [i, [a, box]] of list.entries())
    for (const [b, other] of list.slice(i + 1)) expect(overlap(box, other), `${a} ${b}`).toBe(false);
  for (const f of l.frames)
    for (const c of f.frame.cards) {
      const b = l.cards.get(c.id)!;
      expect(inside(b, f.box, 1) && inside({ x: b.x + b.w, y: b.y + b.h }, f.box, 1), c.id).toBe(true);
    }
};
/** strangers are cards that stand where they did not before. */
const strangers = (l: Layout): string[] =>
  [...first.cards].filter(([id, b]) => `${place(l.cards.get(id))}` !== `${place(b)}`).map(([id]) => id);

describe('a refresh moves nothing', () => {
  it('the same answer again, with other numbers', () => {
    const g = structuredClone(company);
    for (const e of g.edges) for (const c of Object.values(e.verdicts)) c.b = Math.round((c.b ?? 0) * 1.7);
    expect(strangers(tiers(sceneFor(g), view, first.memory, 'k'))).toEqual([]);
  });

  it('a window that is a little larger', () => {
    expect(strangers(tiers(sceneFor(company), { w: 930, h: 600 }, first.memory, 'k'))).toEqual([]);
  });

  it('a new card in a subnet finds a place; what it pushes stands under it in the same column', () => {
    const l = tiers(sceneFor(added('aaa', 'aws:subnet:prod-eu-data')), view, first.memory, 'k');
    apart(l);
    expect(l.cards.has('svc:aaa')).toBe(true);
    const pushed = strangers(l);
    for (const id of pushed) {
      expect(l.cards.get(id)!.x).toBe(first.cards.get(id)!.x);
      expect(l.cards.get(id)!.y).toBeGreaterThan(first.cards.get(id)!.y);
    }
    // Nothing of its own network moves: the card stands below the others.
    expect(pushed.filter((id) => id.includes('prod-eu'))).toEqual([]);
  });

  it('a new network stands below, and nothing else moves', () => {
    const g = added('bbb', 'aws:subnet:new-app');
    g.groups.push(
      { id: 'aws:network:new', parent: null, kind: 'network', label: 'aaa-new', provider: 'aws' },
      { id: 'aws:subnet:new-app', parent: 'aws:network:new', kind: 'subnet', label: 'app', provider: 'aws' },
    );
    const l = tiers(sceneFor(g), view, first.memory, 'k');
    apart(l);
    expect(strangers(l)).toEqual([]);
    const lowest = Math.max(
      ...first.frames.filter((f) => f.kind === 'network').map((f) => f.box.y + f.box.h),
    );
    expect(l.frames.find((f) => f.frame.id === 'aws:network:new')!.box.y).toBeGreaterThan(lowest);
  });

  it('what goes away leaves its place free, and has it again when it comes back', () => {
    const g = structuredClone(company);
    g.nodes = g.nodes.filter((n) => n.label !== 'api');
    const without = tiers(sceneFor(g), view, first.memory, 'k');
    expect(strangers(without)).toEqual(['svc:prod-eu:api']);
    expect(strangers(tiers(sceneFor(company), view, without.memory, 'k'))).toEqual([]);
  });

  it('an opened service pushes down what is under it, and closed again all is as before', () => {
    const g = structuredClone(company);
    const web = g.nodes.find((n) => n.label === 'web')!;
    g.nodes = g.nodes.filter((n) => n !== web);
    g.groups.push({ id: web.id, parent: web.parent, kind: 'service', label: 'web', provider: 'aws' });
    for (let i = 0; i < 12; i++)
      g.nodes.push({ ...web, id: `host:${i}`, parent: web.id, label: `web-${i}`, count: 1 } as GraphNode);
    const opened = tiers(sceneFor(g), view, first.memory, 'k');
    apart(opened);
    for (const [id, b] of opened.cards) {
      expect(b.x).toBe(first.cards.get(id)!.x);
      expect(b.y).toBeGreaterThanOrEqual(first.cards.get(id)!.y);
    }
    expect(strangers(tiers(sceneFor(company), view, opened.memory, 'k'))).toEqual([]);
  });

  it('another question may move cards, but no network to another band', () => {
    // Ten small networks share bands; a filter leaves few of them.
    const g = structuredClone(company);
    for (let i = 0; i < 10; i++) {
      g.groups.push({ id: `net${i}`, parent: null, kind: 'network', label: `small-${i}`, provider: 'aws' });
      const like = g.nodes[20];
      for (let j = 0; j < 1 + (i % 4); j++)
        g.nodes.push({ ...like, id: `n${i}:${j}`, parent: `net${i}`, label: `n${i}-${j}`, tier: 'app' });
    }
    const all = tiers(sceneFor(g), view, null, 'all');
    const bandOf = (l: Layout) => {
      const nets = l.frames.filter((f) => f.kind === 'network');
      const ys = [...new Set(nets.map((f) => f.box.y))].sort((a, b) => a - b);
      return new Map(nets.map((f) => [f.frame.id, ys.indexOf(f.box.y)]));
    };
    const before = bandOf(all);
    for (const skip of [0, 1, 2]) {
      const few = structuredClone(g);
      few.nodes = few.nodes.filter((n) => !n.id.startsWith('n') || (Number(n.id[1]) + skip) % 3 > 0);
      const after = bandOf(tiers(sceneFor(few), view, all.memory, 'few'));
      const ids = [...after.keys()];
      for (const a of ids)
        for (const b of ids) {
          const [x, y] = [before.get(a)! - before.get(b)!, after.get(a)! - after.get(b)!];
          expect(Math.sign(y), `${a} ${b}`).toBe(Math.sign(x));
        }
    }
  });
});

describe('what was dragged', () => {
  const scene = sceneFor(company);
  const at = (id: string) => first.cards.get(id)!;
  const pinAt = (id: string, dx: number, dy: number): Pins => {
    const o = originOf(first, scene, id);
    return new Map([[id, { x: at(id).x - o.x + dx, y: at(id).y - o.y + dy }]]);
  };

  it('is where it was put, and nothing else moves', () => {
    const l = moved(first, scene, pinAt('svc:prod-eu:web', 12, -7));
    expect(place(l.cards.get('svc:prod-eu:web'))).toEqual(
      place({ ...at('svc:prod-eu:web'), x: at('svc:prod-eu:web').x + 12, y: at('svc:prod-eu:web').y - 7 }),
    );
    expect(strangers(l)).toEqual(['svc:prod-eu:web']);
    expect(l.pinned).toEqual(new Set(['svc:prod-eu:web']));
  });

  it('a box grows to hold its card where nothing foreign is in the way', () => {
    const l = moved(first, scene, pinAt('svc:prod-eu:web', 18, 0));
    const box = l.frames.find((f) => f.frame.id === 'aws:subnet:prod-eu-app')!.box;
    const b = l.cards.get('svc:prod-eu:web')!;
    expect(inside(b, box) && inside({ x: b.x + b.w, y: b.y + b.h }, box)).toBe(true);
    expect(l.loose!.size).toBe(0);
  });

  it('goes on from where it is when its box has grown', () => {
    const id = 'inet:cc:FR';
    const box = first.frames.find((f) => f.kind === 'internet')!.box;
    const once = moved(first, scene, pinAt(id, -20, box.y - at(id).y));
    expect(originOf(once, scene, id)).toEqual(expect.objectContaining({ x: box.x, y: box.y }));
    expect(once.frames.find((f) => f.kind === 'internet')!.box.y).toBeLessThan(box.y);
  });

  it('a card that is dragged over another network stands outside its box, tied to it', () => {
    const far = first.frames.find((f) => f.frame.id === 'azure:network:corp-hub')!.box;
    const b = at('svc:prod-eu:web');
    const l = moved(first, scene, pinAt('svc:prod-eu:web', far.x + 40 - b.x, far.y + 40 - b.y));
    expect([...l.loose!.keys()]).toEqual(['svc:prod-eu:web']);
    for (const f of first.frames)
      expect(l.frames.find((g) => g.frame === f.frame)!.box, f.frame.id).toEqual(f.box);
    // What is denied there is stopped at the card: its box is elsewhere.
    const r = routesOf(scene, l).find(
      (x) => x.stroke.verdict === 'denied' && x.stroke.s === 'svc:prod-eu:web',
    )!;
    expect(r.mark).not.toBeNull();
  });

  it('a network takes along all it holds, pinned cards too', () => {
    const id = 'gcp:network:analytics';
    const box = first.frames.find((f) => f.frame.id === id)!.box;
    const pins: Pins = new Map([
      [id, { x: box.x + 50, y: box.y + 400 }],
      ...pinAt('svc:analytics:spark', 5, 5),
    ]);
    const l = moved(first, scene, pins);
    const shift = (card: string) => {
      const [a, b] = [at(card), l.cards.get(card)!];
      return [Math.round(b.x - a.x), Math.round(b.y - a.y)];
    };
    expect(shift('svc:analytics:ingest')).toEqual([50, 400]);
    expect(shift('svc:analytics:spark')).toEqual([55, 405]);
    expect(shift('svc:prod-eu:web')).toEqual([0, 0]);
    apart(l);
    for (const r of routesOf(scene, l)) {
      expect(inside(r.from, l.cards.get(r.stroke.s)!, 0.5)).toBe(true);
      if (!r.mark) expect(inside(r.to, l.cards.get(r.stroke.t)!, 6)).toBe(true);
    }
  });

  it('what is not on the map changes nothing', () => {
    expect(moved(first, scene, new Map([['svc:gone', { x: 1, y: 2 }]]))).toBe(first);
  });
});

describe('pins in the URL', () => {
  const some: Pins = new Map([
    ['svc:prod-eu:web', { x: 12, y: -7 }],
    ['~odd*id%2A/é', { x: -300, y: 0 }],
  ]);
  it('short ones as text, whatever the ids hold', async () => {
    const text = await encodePins(some);
    expect(text).toBe('svc:prod-eu:web*12*-7*~odd%2Aid%252A/é*-300*0');
    expect(await decodePins(text)).toEqual(some);
    expect(readPins(text)).toEqual(some);
  });
  it('many are compressed, and come back', async () => {
    const many: Pins = new Map(
      Array.from({ length: 300 }, (_, i) => [`svc:prod-eu:host-${i}`, { x: i, y: -i - 1 }]),
    );
    const text = await encodePins(many);
    expect(text).toMatch(/^[\w-]+$/);
    expect(text.length).toBeLessThan(3000);
    expect(readPins(text)).toBeNull();
    expect(await decodePins(text)).toEqual(many);
  });
  it('a text that was cut or is nonsense pins nothing it should not', async () => {
    expect(await decodePins('')).toEqual(new Map());
    expect(await decodePins('AAAA')).toEqual(new Map());
    expect(await decodePins('a*1*2*b*x*3*c*4')).toEqual(new Map([['a', { x: 1, y: 2 }]]));
    expect(await decodePins('!!')).toEqual(new Map());
  });
});

describe('camera', () => {
  it('zooms at the pointer, within bounds', () => {
    const c = new Camera(1, 10, 20).by(2, { x: 100, y: 60 });
    expect(new Camera(1, 10, 20).invert([100, 60])).toEqual(c.invert([100, 60]));
    expect([c.by(100, { x: 0, y: 0 }).k, c.by(1e-6, { x: 0, y: 0 }).k]).toEqual([4, 0.08]);
    expect(wheelFactor({ deltaY: -100, deltaMode: 0, ctrlKey: false })).toBeGreaterThan(1);
  });
  it('two fingers keep what is under them', () => {
    const c = pinched(
      new Camera(),
      [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
      ],
      [
        { x: 50, y: 50 },
        { x: 250, y: 50 },
      ],
    );
    expect(c.k).toBe(2);
    expect(c.apply([0, 0])).toEqual([50, 50]);
    expect(c.apply([100, 0])).toEqual([250, 50]);
  });
});

describe('minimap', () => {
  const map = { x: -100, y: 0, w: 1000, h: 500 };
  const window = { x: 0, y: 50, w: 800, h: 500 };
  it('is there only while a part of the map is outside the window', () => {
    expect(outside(map, new Camera(0.8, 80, 60), window)).toBe(false);
    expect(outside(map, new Camera(0.8, 60, 60), window)).toBe(true);
    expect(outside(map, new Camera(0.8, 80, 20), window)).toBe(true);
    expect(outside(map, new Camera(2, 200, 60), window)).toBe(true);
  });
  it('holds the whole map, and a point of it leads back', () => {
    const s = smallOf(map, 156, 104);
    for (const [x, y] of [
      [-100, 0],
      [900, 500],
      [123, 45],
    ]) {
      const [p, q] = [s.x(x), s.y(y)];
      expect(p >= 0 && p <= 156 && q >= 0 && q <= 104).toBe(true);
      expect(s.back(p, q).map(Math.round)).toEqual([x, y]);
    }
  });
});
