import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph, GraphEdge, GraphNode } from '../api/graph';
import { columnsOf, csv, nodeRows, pathRows, sorted } from './rows';

const company: Graph = JSON.parse(readFileSync('fixture/company.json', 'utf8'));
const node = (id: string, more: Partial<GraphNode> = {}): GraphNode => ({
  id,
  parent: null,
  kind: 'aws.ec2',
  label: id,
  in: { r: 0 },
  out: { r: 0 },
  ...more,
});
const edge = (s: string, t: string, more: Partial<GraphEdge> = {}): GraphEdge => ({
  s,
  t,
  verdicts: { allowed: { r: 1, b: 10 } },
  first: '2026-01-01T00:00:00Z',
  last: '2026-01-01T01:00:00Z',
  ...more,
});
const graph = (nodes: GraphNode[], edges: GraphEdge[], groups: Graph['groups'] = []): Graph => ({
  ...company,
  nodes,
  edges,
  groups,
});

describe('rows of nodes', () => {
  it('say where each lies, what it did both ways, and since when', () => {
    const r = nodeRows(company, []).find((x) => x.label === 'alb-web')!;
    expect(r.v).toMatchObject({
      kind: 'Application load balancer',
      provider: 'AWS',
      account: 'a-1',
      region: 'eu-central-1',
      network: 'prod-eu',
      subnet: 'public',
      count: 3,
      deniedin: 880,
      answer: 'seen',
    });
    expect(r.v.ports).toMatch(/443 https/);
    expect(Date.parse(String(r.v.first))).toBeLessThan(Date.parse(String(r.v.last)));
  });
  it('a row a node, with everything the map has', () => {
    expect(nodeRows(company, []).length).toBe(company.nodes.length);
    expect(pathRows(company).length).toBe(company.edges.length);
  });
  it('what is opened is a row with its members behind it, and their sum', () => {
    const g = graph(
      [
        node('h2', { parent: 'svc', in: { r: 2, b: 5 } }),
        node('h1', { parent: 'svc', in: { r: 1, b: null } }),
        node('a'),
      ],
      [],
      [
        { id: 'svc', parent: 'net', kind: 'service', label: 'web', icon: 'aws.ecs' },
        { id: 'net', parent: null, kind: 'network', label: 'prod' },
      ],
    );
    const rows = sorted(nodeRows(g, ['svc']), 'name', 'name');
    expect(rows.map((r) => [r.id, r.depth])).toEqual([
      ['a', 0],
      ['svc', 0],
      ['h1', 1],
      ['h2', 1],
    ]);
    expect(rows[1].v).toMatchObject({ inr: 3, inb: 5, count: 2, network: 'prod', kind: 'ECS' });
    expect(rows[1].open).toBe(true);
  });
  it('sums verdicts and answers over its paths, a loop once', () => {
    const g = graph(
      [node('a'), node('b')],
      [
        edge('a', 'b', { answer: 'none', verdicts: { allowed: { r: 1 }, dropped: { r: 4 } } }),
        edge('b', 'b', { answer: 'seen', verdicts: { allowed: { r: 1 }, unknown: { r: 2 } } }),
      ],
    );
    const b = nodeRows(g, []).find((r) => r.id === 'b')!;
    expect([b.v.dropped, b.v.unknown, b.v.answer]).toEqual([4, 2, 'none on 1 of 2']);
  });
});

describe('order', () => {
  const g = graph(
    [
      node('b', { in: { r: 1, b: 5 } }),
      node('a10', { in: { r: 1, b: null } }),
      node('a9', { in: { r: 1, b: 7 } }),
      node('c', { in: { r: 1, b: 5 } }),
    ],
    [],
  );
  const f = (sort: string) => sorted(nodeRows(g, []), sort, 'name').map((r) => r.id);
  it('is by place and name unless asked; unknown comes last either way; equals keep their order', () => {
    expect(f('')).toEqual(['a9', 'a10', 'b', 'c']);
    expect(f('-inb')).toEqual(['a9', 'b', 'c', 'a10']);
    expect(f('inb')).toEqual(['b', 'c', 'a9', 'a10']);
    expect(f('no such column')).toEqual(f(''));
  });
  it('does not change with the order of the answer', () => {
    const turned = { ...company, nodes: [...company.nodes].reverse(), edges: [...company.edges].reverse() };
    const ids = (x: Graph) => sorted(pathRows(x), '-bytes', 'client').map((r) => r.id);
    expect(ids(turned)).toEqual(ids(company));
  });
});

describe('csv', () => {
  it('holds what is seen, quoted, and runs nowhere', () => {
    const g = graph(
      [
        node('=cmd|x', { label: '=HYPERLINK("x")' }),
        node('b', { label: 'a,"b"\n<img src=x onerror=alert(1)>' }),
      ],
      [edge('=cmd|x', 'b', { verdicts: { allowed: { r: 1, b: 12345678901 } } })],
    );
    const rows = sorted(pathRows(g), '-bytes', 'client');
    const text = csv(columnsOf('paths', 'bytes', rows), rows, ['', '(3 more, left out)']);
    const lines = text.split('\r\n');
    expect(lines[0]).toBe(
      'id,Client,Server,Bytes,Denied,Records,Allowed,Dropped,Unknown,First seen,Last seen',
    );
    expect(lines[1].startsWith(`'=cmd|x -> b,"'=HYPERLINK(""x"")","a,""b""\n<img`)).toBe(true);
    expect(text).toContain('12345678901');
    expect(lines.at(-2)).toBe(',"(3 more, left out)"');
  });
  it('leaves out columns of which nothing is known, and begins with the chosen metric', () => {
    const rows = nodeRows(company, []);
    const titles = columnsOf('nodes', 'packets', rows).map((c) => c[1]);
    expect(titles.slice(0, 6)).toEqual([
      'Name',
      'In packets',
      'Out packets',
      'Stopped in',
      'Kind',
      'Endpoints',
    ]);
    expect(titles).not.toContain('In opened');
  });
});

it('6,000 paths and 2,000 nodes are rows at once', () => {
  const nodes = Array.from({ length: 2000 }, (_, i) => node(`n${i}`, { in: { r: i, b: i * 7 } }));
  const edges = Array.from({ length: 6000 }, (_, i) => edge(`n${i % 2000}`, `n${(i * 31) % 2000}`));
  const g = graph(nodes, edges);
  expect(sorted(nodeRows(g, []), '-inb', 'name')[0].id).toBe('n1999');
  expect(sorted(pathRows(g), '-bytes', 'client').length).toBe(6000);
});
