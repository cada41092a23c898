import { render } from 'preact';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/graph';
import type { NodeDetails, PortRow } from '../api/panels';
import type { Verdict } from '../api/words';
import { Series } from './Series';
import { clauseOf, treeOf, visible } from './tree';
import { identity, quoted, stopsOf } from './words';

const graph = (g: Partial<Graph>): Graph => ({
  range: { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' },
  level: 'service',
  totals: { bytes: 0, packets: 0, records: 0, denied: 0, endpoints: 0 },
  groups: [],
  nodes: [],
  edges: [],
  ...g,
});
const node = (id: string, parent: string | null, more: object = {}) => ({
  id,
  parent,
  kind: 'aws.ec2',
  label: id,
  in: { r: 0 },
  out: { r: 0 },
  ...more,
});

describe('tree of networks', () => {
  const g = graph({
    groups: [
      { id: 'aws:network:vpc-1', parent: null, kind: 'network', label: 'prod', endpoints: 7 },
      { id: 'aws:subnet:vpc-1/app', parent: 'aws:network:vpc-1', kind: 'subnet', label: 'app' },
      { id: 'internet:', parent: null, kind: 'internet', label: 'Internet' },
      { id: 'svc:web', parent: 'aws:subnet:vpc-1/app', kind: 'service', label: 'web' },
    ],
    nodes: [
      node('host:1', 'svc:web', { denied: { in: 3, out: 9 } }),
      node('svc:api', 'aws:subnet:vpc-1/app', { count: 4 }),
      node('svc:lost', null, { denied: { in: 2, out: 0 } }),
      node('inet:cc:DE', 'internet:', { kind: 'net.country', count: 90 }),
    ],
  });
  it('sums endpoints and denials up to the boxes; what the server counts stays', () => {
    const got = visible(treeOf(g), new Set()).map(({ line: l, depth }) => [
      depth,
      l.label,
      l.endpoints,
      l.denied,
    ]);
    expect(got).toEqual([
      [0, 'prod', 7, 3],
      [1, 'app', 5, 3],
      [0, 'Network not known', 1, 2],
    ]);
  });
  it('hides what lies in a closed line', () => {
    const list = visible(treeOf(g), new Set(['aws:network:vpc-1']));
    expect(list.map((x) => x.line.label)).toEqual(['prod', 'Network not known']);
  });
  it('holds the nodes themselves where they are places', () => {
    const up = graph({
      level: 'network',
      groups: [
        { id: 'aws:account:1', parent: null, kind: 'account', label: 'acme' },
        { id: 'services:aws', parent: null, kind: 'services', label: 'AWS services' },
      ],
      nodes: [
        node('aws:network:vpc-1', 'aws:account:1', { count: 48, denied: { in: 5, out: 0 } }),
        node('svc:aws::S3', 'services:aws', { kind: 'aws.s3', count: 6 }),
      ],
    });
    const got = visible(treeOf(up), new Set()).map(({ line: l, depth }) => [depth, l.kind, l.id, l.denied]);
    expect(got).toEqual([
      [0, 'account', 'aws:account:1', 5],
      [1, 'network', 'aws:network:vpc-1', 5],
    ]);
  });
  it('filters by what the id holds, not by the label', () => {
    const f = (kind: string, id: string) => clauseOf(kind, id);
    expect([
      f('network', 'aws:network:vpc-1'),
      f('network', 'gcp:network:shop-ml%2Fml'),
      f('subnet', 'aws:subnet:vpc-1/my+app'),
      f('provider', 'azure:provider'),
      f('account', 'aws:account:111122223333'),
      f('region', 'aws:region:'),
    ]).toEqual([
      'network = vpc-1',
      'network = "shop-ml/ml"',
      'subnet = "my app" and network = vpc-1',
      'provider = azure',
      'account = "111122223333"',
      'region = ""',
    ]);
  });
});

describe('words of the panels', () => {
  it('names what a line is of: what is shown alone is no sum', () => {
    const of = {
      t0: '2026-11-01T00:00:00Z',
      step: 300,
      denied: { bytes: [null, null], records: [4, 0] },
      dropped: { bytes: [null, null], records: [0, 3] },
    };
    const said = (verdicts?: Verdict[]) => {
      const at = document.createElement('div');
      render(Series({ of, verdicts }), at);
      return at.textContent;
    };
    expect(said()).toBe('Denied and dropped: most 4 records in 5 min at 00:00');
    expect(said(['denied'])).toBe('Denied: most 4 records in 5 min at 00:00');
    expect(said(['dropped'])).toBe('Dropped: most 3 records in 5 min at 00:05');
  });
  it('quotes what the filter would read otherwise', () => {
    expect([quoted('web-1.a'), quoted('a "b" \\'), quoted('9'), quoted('')]).toEqual([
      'web-1.a',
      '"a \\"b\\" \\\\"',
      '"9"',
      '""',
    ]);
  });
  it('takes reasons from ports where the server tells none, the most frequent first', () => {
    const row = (v: PortRow['v'], r: number, reason?: string): PortRow => ({
      proto: 'tcp',
      port: r,
      v,
      r,
      reason,
      at: 'server',
    });
    const ports = [
      row('denied', 2, 'acl'),
      row('allowed', 99),
      row('denied', 7, 'sg'),
      row('denied', 6, 'acl'),
      row('dropped', 1),
    ];
    expect(stopsOf({ ports }).map((s) => [s.v, s.reason, s.r])).toEqual([
      ['denied', 'acl', 8],
      ['denied', 'sg', 7],
      ['dropped', '', 1],
    ]);
    const told = [{ v: 'denied' as const, r: 3 }];
    expect(stopsOf({ ports, stops: told })).toBe(told);
  });
  it('says a name with the id behind it, and leaves out what nobody knows', () => {
    const n = {
      label: 'web',
      path: [{ kind: 'network', id: 'x', label: 'prod-eu' }],
      network: 'vpc-1',
      account: '111',
      service: 'web',
      namedBy: 'file',
    } as unknown as NodeDetails;
    expect(identity(n)).toEqual([
      ['Account', '111'],
      ['Network', 'prod-eu (vpc-1)'],
      ['Named by', 'your names file'],
    ]);
  });
});
