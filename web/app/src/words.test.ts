import { describe, expect, it } from 'vitest';
import { ApiError, parse, problem, url } from './api/client';
import * as f from './format';
import { outline } from './glyphs';
import { iconOf, providerOrder } from './icons';
import { bars, dragged, snap, ticks } from './time/brush';
import { contextOf, inked, insert, known } from './top/completion';
import { fromURL, frozen, start, timesOf, toURL, whole } from './view';

describe('format', () => {
  const cases: [string, string][] = [
    [f.bytes(null), '–'],
    [f.bytes(0), '0 B'],
    [f.bytes(999), '999 B'],
    [f.bytes(999.6), '1.00 KB'],
    [f.bytes(1.6e9), '1.60 GB'],
    [f.bytes(3.48e12), '3.48 TB'],
    [f.bytes(912e9), '912 GB'],
    [f.count(289300), '289k'],
    [f.count(1000), '1k'],
    [f.count(1340), '1.34k'],
    [f.count(undefined), '–'],
    [f.percent(0.00001), '< 0.1 %'],
    [f.percent(0.99999), '> 99.9 %'],
    [f.percent(0.972), '97.2 %'],
    [f.percent(1), '100 %'],
    [f.span(Date.UTC(2025, 10, 20, 13), Date.UTC(2025, 10, 20, 18, 30)), '13:00 – 18:30'],
    [f.span(Date.UTC(2025, 10, 20), Date.UTC(2025, 10, 21)), '00:00 – 24:00'],
    [f.span(Date.UTC(2025, 10, 20, 13), Date.UTC(2025, 10, 22, 1)), '20 Nov 13:00 – 22 Nov 01:00'],
    [f.length(19800000), '5 h 30 min'],
    [f.bucket(300), '5 min'],
  ];
  it('reads as people write', () => {
    for (const [got, want] of cases) expect(got).toBe(want);
  });
  it('adds only what is known', () => {
    expect([f.sum([null, 3, undefined]), f.sum([null, undefined])]).toEqual([3, null]);
    expect(f.passed({ allowed: { r: 1, b: null }, unknown: { r: 1, b: 5 } }, 'bytes')).toBe(5);
    expect(f.stopped({ denied: { r: 2 }, dropped: { r: 3 }, allowed: { r: 9 } })).toBe(5);
  });
});

describe('api', () => {
  it('numbers above 2^53 may come as strings; names stay as they are', () => {
    const got = parse<{ b: number; label: string; bytes: number[] }>(
      '{"b":"9007199254740993123","label":"12345678901234567890","bytes":["12345678901234567890",1,null]}',
    );
    expect(got).toEqual({
      b: 9007199254740993000,
      label: '12345678901234567890',
      bytes: [12345678901234567000, 1, null],
    });
  });
  it('reads the error envelope and survives anything else', () => {
    const e = problem(400, '{"error":{"code":"filter","message":"no field","pos":4,"len":3}}');
    expect([e instanceof ApiError, e.message, e.pos, e.len, e.status]).toEqual([true, 'no field', 4, 3, 400]);
    expect(problem(502, '<h1>Bad gateway</h1>').message).toBe('<h1>Bad gateway</h1>');
    expect(problem(500, '').message).toContain('500');
  });
  it('addresses are relative and parameters escaped', () => {
    expect(url('graph', { q: 'a = "b&c"', from: '', limit: 3 })).toBe(
      './api/v1/graph?q=a+%3D+%22b%26c%22&limit=3',
    );
  });
});

describe('view', () => {
  it('goes into the URL and comes back', () => {
    const v = {
      ...start,
      q: 'port = 443',
      from: '-6h',
      to: 'now',
      expand: ['svc:a,b', 'x/y'],
      sel: 'a',
      also: ['b,c', 'd%2C'],
      path: ['p"q', 'r\ns'] as [string, string],
      focus: ['a,b', 'c d'],
      hops: 2,
      hide: ['node = "a,b"', 'port in (1, 2)'],
      find: ' web',
      view: 'table' as const,
      tab: 'paths' as const,
      sort: '-bytes',
      edge: ['a b', 'c&d'] as [string, string],
      metric: 'records' as const,
      show: 'denied' as const,
      level: 'host' as const,
      cap: 2,
      rows: true,
      left: false,
    };
    expect(fromURL(toURL(v))).toEqual(v);
  });
  it('nothing special is an empty address, and odd links still open', () => {
    expect(toURL(start)).toBe('?');
    expect(
      fromURL('?v=1&level=galaxy&metric=&show=x&cap=99&from=yesterday&expand=%25E0%25A4&edge=one'),
    ).toEqual({ ...start, cap: 3, expand: ['%E0%A4'] });
  });

  it('links of before keep their meaning', () => {
    const f = (link: string) => fromURL(link);
    expect(f('?v=1&sel=svc%3Aa&level=host')).toEqual({ ...start, sel: 'svc:a', level: 'host' });
    expect(f('?v=1&edge=a&edge=b')).toEqual({ ...start, edge: ['a', 'b'] });
    expect(f('?q=port+%3D+443&from=-6h&to=now&show=denied&metric=records&rows=1&left=0')).toEqual({
      ...start,
      q: 'port = 443',
      from: '-6h',
      to: 'now',
      show: 'denied',
      metric: 'records',
      rows: true,
      left: false,
    });
    expect(f('?hops=7&view=galaxy&tab=x&hide=&path=one&v=2&new=key')).toEqual(start);
  });
  it('a frozen link shows the same tomorrow', () => {
    const day = 8.64e7;
    const f = (v: Partial<typeof start>, anchor = 30 * day) =>
      timesOf({ ...start, ...v }, { first: 0, anchor });
    for (const v of [
      {},
      { from: '-6h', to: 'now' },
      { win: '7d' as const },
      { win: 'all' as const, from: '-1h' },
    ]) {
      const now = f(v);
      const then = f(frozen({ ...start, ...v }, now), 31 * day);
      expect(then.range).toEqual(now.range);
      if (now.win !== 'all') expect(then.window).toEqual(now.window);
    }
  });

  const h = 3.6e6;
  const clock = { first: 0, anchor: 48 * h };
  it('shows the last day by default, all of little data', () => {
    expect(timesOf(start, clock)).toEqual({ window: [24 * h, 48 * h], range: [24 * h, 48 * h], win: '24h' });
    expect(timesOf(start, { first: 0, anchor: 2 * h }).window).toEqual([0, 2 * h]);
    expect(whole(timesOf(start, clock))).toBe(true);
  });
  it('relative times count from the end of the data', () => {
    expect(timesOf({ ...start, from: '-6h', to: 'now' }, clock).range).toEqual([42 * h, 48 * h]);
  });
  it('a link to another time takes the window with it', () => {
    const t = timesOf(
      { ...start, from: new Date(2 * h).toISOString(), to: new Date(3 * h).toISOString() },
      clock,
    );
    expect(t.range).toEqual([2 * h, 3 * h]);
    expect(t.window[0]).toBeLessThanOrEqual(2 * h);
  });
  it('a range that ends before it begins is no range', () => {
    expect(timesOf({ ...start, from: 'now', to: '-6h' }, clock).range).toEqual([24 * h, 48 * h]);
  });
});

describe('icons', () => {
  it('every key has a glyph, an unknown key its family', () => {
    expect(iconOf('aws.rds').glyph).toBe('database');
    expect(iconOf('oci.mysql')).toMatchObject({ glyph: 'database', title: 'oci.mysql' });
    expect(iconOf('net.mars').glyph).toBe('world');
    expect(iconOf('').glyph).toBe('question-mark');
    for (const k of ['aws.lambda', 'gcp.gke', 'azure.pip', 'gen.group'])
      expect(outline(iconOf(k).glyph)).toBeTruthy();
    expect(providerOrder('aws') < providerOrder('')).toBe(true);
  });
});

describe('completion', () => {
  const fields = [
    { name: 'port', type: 'number' as const, ops: ['=', '!=', 'in'] },
    { name: 'protocol', type: 'enum' as const, ops: ['='], values: ['tcp', 'udp'] },
    { name: 'network', type: 'text' as const, end: true, ops: ['=', '~'] },
  ];
  const at = (text: string) => contextOf(text, text.length);
  it('knows where it stands', () => {
    const cases: [string, string, string, string][] = [
      ['', 'field', '', ''],
      ['po', 'field', '', 'po'],
      ['port ', 'op', 'port', ''],
      ['port !', 'op', 'port', '!'],
      ['port = ', 'value', 'port', ''],
      ['port = 44', 'value', 'port', '44'],
      ['port = 443 ', 'join', '', ''],
      ['port = 443 an', 'join', '', 'an'],
      ['port = 443 and cl', 'field', '', 'cl'],
      ['port in (443, 8', 'value', 'port', '8'],
      ['port in (443, 80) ', 'join', '', ''],
      ['not (network = "my net" or po', 'field', '', 'po'],
      ['network = "my n', 'value', 'network', '"my n'],
    ];
    for (const [text, kind, field, prefix] of cases)
      expect([text, at(text).kind, at(text).field, at(text).prefix]).toEqual([text, kind, field, prefix]);
  });
  it('offers what fits and puts it in place', () => {
    expect(known(at('pro'), fields).map((c) => c.text)).toEqual(['protocol']);
    expect(known(at('server.n'), fields).map((c) => c.text)).toEqual(['server.network']);
    expect(known(at('client.network '), fields).map((c) => c.text)).toEqual(['=', '~']);
    expect(known(at('protocol = u'), fields).map((c) => c.text)).toEqual(['udp']);
    expect(insert('pro', at('pro'), 'protocol')).toEqual({ text: 'protocol ', cursor: 9 });
    expect(insert('cl', at('cl'), 'client.').text).toBe('client.');
    expect(insert('protocol =', at('protocol ='), 'udp').text).toBe('protocol =udp ');
  });
});

it('a filter is inked by what its parts are', () => {
  const f = (text: string) =>
    inked(text)
      .filter(([, of]) => of)
      .map(([t, of]) => `${of}:${t}`)
      .join(' ');
  expect(f('not (network = "a and b" or port not in (22, ssh)) and name ~ web*')).toBe(
    'k:not f:network o:= v:"a and b" k:or f:port o:not o:in v:22 v:ssh k:and f:name o:~ v:web*',
  );
  const odd = 'port =';
  expect(
    inked(odd)
      .map(([t]) => t)
      .join(''),
  ).toBe(odd);
  const all = 'a = "x y" and (b in (1,2) or c !~ "z") ';
  expect(
    inked(all)
      .map(([t]) => t)
      .join(''),
  ).toBe(all);
});

describe('brush', () => {
  const w: [number, number] = [0, 100];
  it('drags: ends, the whole, a new range', () => {
    expect(dragged('from', [20, 50], 20, 31, w, 10)).toEqual([30, 50]);
    expect(dragged('to', [20, 50], 50, 999, w, 10)).toEqual([20, 100]);
    expect(dragged('all', [20, 50], 30, 90, w, 10)).toEqual([70, 100]);
    expect(dragged('new', [0, 100], 62, 38, w, 10)).toEqual([40, 60]);
    expect(dragged('new', [0, 100], 99, 100, w, 10)).toEqual([90, 100]);
    expect(dragged('from', [20, 50], 20, 90, w, 10)).toEqual([50, 90]);
  });
  it('snaps and labels', () => {
    expect(snap(37, 5, 10)).toBe(35);
    const t = ticks([0, 8.64e7], 1000);
    expect([t[0], t[1] - t[0]]).toEqual([0, 7.2e6]);
  });
  it('bars: an unknown counter has none, what was stopped is always seen', () => {
    const line = {
      t0: new Date(0).toISOString(),
      step: 300,
      allowed: { bytes: [100, null, 50], records: [1, 1, 1] },
      denied: { bytes: [null, null, null], records: [0, 1, 1000] },
    };
    const b = bars(line, 'bytes', [0, 900000], 300, 50);
    const tall = (i: number, v: string) => b[i].parts.find((p) => p.v === v)?.h ?? 0;
    expect([0, 1, 2].map((i) => tall(i, 'allowed'))).toEqual([40, 0, 20]);
    expect([tall(0, 'denied'), tall(1, 'denied') > 1, tall(2, 'denied')]).toEqual([0, true, 10]);
  });
});
