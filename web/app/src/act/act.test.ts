import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Graph, GraphEdge, GraphNode } from '../api/graph';
import { go, selected, selectMore, view } from '../state';
import { start } from '../view';
import { foundIn, levelOf, matches } from './found';
import * as act from './target';
import { around, between } from './walk';

// The state asks a server as soon as it is there; here none answers.
vi.hoisted(() => {
  globalThis.fetch = () => new Promise(() => {});
});

const company: Graph = JSON.parse(readFileSync('fixture/company.json', 'utf8'));
const net = (...pairs: string[]): Graph => {
  const ids = [...new Set(pairs.flatMap((p) => p.split('>')))];
  return {
    ...company,
    groups: [{ id: 'g', parent: null, kind: 'network', label: 'prod' }],
    nodes: ids.map(
      (id): GraphNode => ({
        id,
        parent: id < 'c' ? 'g' : null,
        kind: '',
        label: id,
        in: { r: 0 },
        out: { r: 0 },
      }),
    ),
    edges: pairs.map(
      (p): GraphEdge => ({ s: p.split('>')[0], t: p.split('>')[1], verdicts: {}, first: '', last: '' }),
    ),
  };
};
const keys = (list: GraphEdge[]) => list.map((e) => `${e.s}>${e.t}`);

describe('around', () => {
  const g = net('a>b', 'b>c', 'c>d', 'd>e', 'x>y');
  const f = (ids: string[], hops: number) =>
    around(g, ids, hops)
      .nodes.map((n) => n.id)
      .join('');
  it('one hop, two hops, either direction', () => {
    expect([f(['c'], 1), f(['c'], 2), f(['a'], 1)]).toEqual(['bcd', 'abcde', 'ab']);
  });
  it('a box stands for what is in it', () => {
    expect(f(['g'], 1)).toBe('abc');
  });
  it('keeps the paths between, drops empty boxes, and is empty for what is not here', () => {
    expect(keys(around(g, ['c'], 1).edges)).toEqual(['b>c', 'c>d']);
    expect(around(g, ['e'], 1).groups).toEqual([]);
    expect(around(g, ['gone'], 2).nodes).toEqual([]);
  });
});

describe('between', () => {
  it('takes the shortest way along the paths', () => {
    const w = between(net('a>b', 'b>c', 'a>d', 'd>e', 'e>c'), 'a', 'c')!;
    expect([w.directed, w.ways.map(keys)]).toEqual([true, [['a>b', 'b>c']]]);
  });
  it('tells all that are equally short', () => {
    const w = between(net('a>b', 'b>c', 'a>d', 'd>c'), 'a', 'c')!;
    expect(w.ways.map(keys)).toEqual([
      ['a>b', 'b>c'],
      ['a>d', 'd>c'],
    ]);
    expect(keys(w.edges).sort()).toEqual(['a>b', 'a>d', 'b>c', 'd>c']);
  });
  it('without one along the paths, goes against them and says so', () => {
    const w = between(net('a>b', 'c>b'), 'a', 'c')!;
    expect([w.directed, w.ways.map(keys)]).toEqual([false, [['a>b', 'c>b']]]);
    expect(between(net('a>b', 'c>d'), 'a', 'd')).toBe(null);
  });
  it('does not drown in very many', () => {
    const pairs = Array.from({ length: 60 }, (_, i) => [`a>m${i}`, `m${i}>z`]).flat();
    const w = between(net(...pairs), 'a', 'z')!;
    expect([w.ways.length, w.more, w.edges.length]).toEqual([20, true, 120]);
  });
});

describe('find', () => {
  it('takes a part, else letters in their order that are near each other', () => {
    expect([matches('orders-db', 'DERS'), matches('orders-db', 'ordb'), matches('web', 'bew')]).toEqual([
      2, 1, 0,
    ]);
    expect(matches('application load balancer of all', 'zz')).toBe(0);
    expect(matches('a very long name that ends with b', 'ab')).toBe(0);
  });
  it('finds by name, id, address, box, and what the server found', () => {
    const f = (w: string, also: string[] = []) => [
      ...foundIn(
        company,
        w,
        also.map((id) => ({ id, label: '', kind: '' })),
      ),
    ];
    expect(f('orders-db')).toEqual(['svc:prod-eu:orders-db']);
    expect(f('AS3320')).toEqual(['inet:cc:DE']);
    expect(f('inet:cc:FR')).toEqual(['inet:cc:FR']);
    expect(f('managed-db').length).toBeGreaterThan(0);
    expect(f('team=orders', ['svc:prod-eu:api'])).toEqual(['svc:prod-eu:api']);
    expect(f('nothing is called so')).toEqual([]);
  });
  it('knows at which level an id is drawn', () => {
    const f = (...ids: string[]) => ids.map(levelOf);
    expect(
      f(
        'host:10.0.0.1@vpc-1',
        'svc:aws::s3',
        'inet:cc:DE',
        'aws:network:v',
        'aws:provider',
        'aws:subnet:v/s',
      ),
    ).toEqual(['host', 'service', 'service', 'network', 'provider', 'subnet']);
  });
});

describe('acts', () => {
  beforeEach(() => go({ ...start }));
  it('filters are of exactly the group, whatever it is called', () => {
    expect(act.filterOf({ ids: ['svc:aws:v/a"b\\c'] })).toBe('node = "svc:aws:v/a\\"b\\\\c"');
    expect(act.filterOf({ ids: ['a', 'b'] })).toBe('node in ("a", "b")');
    expect(act.filterOf(act.targetOf('a\nb'))).toBe('client.node = "a" and server.node = "b"');
  });
  it('hide, exclude and filter are different things, each a step that Back undoes', () => {
    act.hide({ ids: ['a', 'b'] });
    act.hide({ ids: ['a'] });
    expect([view.value.hide, view.value.q]).toEqual([['node = "a"', 'node = "b"'], '']);
    act.exclude({ ids: ['c'] });
    expect(view.value.q).toBe('not (node = "c")');
    act.onlyDenied({ ids: ['d'] });
    expect([view.value.q, view.value.show]).toEqual(['(not (node = "c")) and node = "d"', 'denied']);
  });
  it('focus goes one hop, then two', () => {
    act.focusOn({ ids: ['a'] });
    expect([view.value.focus, view.value.hops]).toEqual([['a'], 1]);
    act.focusOn({ ids: ['a'] });
    expect(view.value.hops).toBe(2);
    act.focusOn({ ids: ['b'] });
    expect([view.value.focus, view.value.hops]).toEqual([['b'], 1]);
  });
  it('several: one more, one less, none', () => {
    selectMore('a');
    selectMore('b');
    expect([selected.value, view.value.sel, view.value.also]).toEqual([['a', 'b'], 'a', ['b']]);
    selectMore('a');
    expect([view.value.sel, view.value.also]).toEqual(['b', []]);
    act.pathTo('b', 'c');
    expect([view.value.path, selected.value]).toEqual([['b', 'c'], []]);
    act.pathTo('b', 'b');
    expect(view.value.path).toEqual(['b', 'c']);
  });
  it('ids are shown by the last part of them where no name is known', () => {
    expect(act.named('node = "svc:aws:vpc-1/my+web"')).toBe('node = my web');
    expect(act.named('not client.node = svc:aws:vpc-1/web and node in ("host:a@v-1", "x:y\\"z")')).toBe(
      'not client.node = web and node in (a@v-1, y"z)',
    );
    expect(act.named('network = "svc:x" or not port = 22')).toBe('network = "svc:x" or not port = 22');
  });
});
