import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/graph';
import type { Timeline } from '../api/panels';
import { bars } from './brush';
import { first, next } from './steps';
import { chartText, gapsIn, gapText, parts, told } from './told';
import { united } from './united';

const bin = 900_000;
const times = (range: [number, number], bins = 96) => ({
  window: [0, bins * bin] as [number, number],
  range,
  win: 'all' as const,
});

describe('playback', () => {
  it('begins at the window with what was chosen, or with a 24th of all', () => {
    expect(first(times([0, 96 * bin]), bin)).toEqual([0, 4 * bin]);
    expect(first(times([5 * bin, 7 * bin]), bin)).toEqual([0, 2 * bin]);
    expect(first(times([0, 2 * bin], 2), bin)).toEqual([0, bin]);
  });
  it('goes a bin at a time to the very end, and no further', () => {
    let t = times([0, 4 * bin], 6);
    const seen: number[] = [];
    for (let r = next(t, bin); r; r = next(t, bin)) {
      t = times(r, 6);
      seen.push(r[1] / bin);
    }
    expect(seen).toEqual([5, 6]);
    expect(next(times([0, 5.5 * bin], 6), bin)).toEqual([0.5 * bin, 6 * bin]);
  });
  it('keeps the places of what is quiet in this step', () => {
    const all = {
      level: 'service',
      groups: [{ id: 'g' }, { id: 'h' }],
      nodes: [
        { id: 'a', in: { r: 5 }, denied: { in: 2, out: 0 } },
        { id: 'b', in: { r: 7 } },
      ],
      edges: [{ s: 'a', t: 'b' }],
    } as unknown as Graph;
    const now = { level: 'service', groups: [{ id: 'h' }], nodes: [{ id: 'b', in: { r: 1 } }], edges: [] };
    const got = united(all, now as unknown as Graph);
    expect(got.nodes.map((n) => [n.id, n.in.r, n.denied])).toEqual([
      ['b', 1, undefined],
      ['a', 0, undefined],
    ]);
    expect([got.groups.length, got.edges.length]).toEqual([2, 0]);
    expect(united(all, { ...now, level: 'host' } as unknown as Graph).nodes).toHaveLength(1);
  });
});

describe('charts in words', () => {
  const line: Timeline = {
    t0: '2026-11-01T00:00:00Z',
    step: 900,
    allowed: { bytes: [1000, 5000, null], records: [1, 9, 2] },
    denied: { bytes: [null, null, null], records: [0, 3, 0] },
    gaps: [{ from: '2026-11-01T00:30:00Z', to: '2026-11-01T00:45:00Z' }],
  };
  it('says where a line is highest and what is unknown', () => {
    const f = (v: (number | null)[]) => told(v, 0, 900, String);
    expect([f([1, 5, null]), f([null, null]), f([0, 0])]).toEqual([
      'most 5 in 15 min at 00:15, 1 of 3 bins unknown',
      'nothing known',
      'most 0 in 15 min at 00:00',
    ]);
  });
  it('says the whole brush: bins, each verdict, gaps', () => {
    expect(chartText(line)).toBe(
      '3 bins of 15 min; allowed: most 5.00 KB in 15 min at 00:15, 1 of 3 bins unknown; ' +
        'denied: most 3 records in 15 min at 00:15; logs lack records in a span: 00:30 – 00:45',
    );
  });
  it('says a bin; a counter that nobody knows is left out', () => {
    expect(parts(line, 1).map((p) => p.text)).toEqual(['allowed: 5.00 KB, 9 records', 'denied: 3 records']);
    expect(parts(line, 2).map((p) => p.text)).toEqual(['allowed: 2 records']);
    const [g] = line.gaps ?? [];
    expect([gapText(g), gapText({ ...g, kind: 'missing', logs: 2 })]).toEqual([
      'logs lost records here: a lower bound',
      '2 logs without entries here: a lower bound',
    ]);
    const at = Date.parse(line.t0);
    expect([gapsIn(line, at, at + bin).length, gapsIn(line, at + 2 * bin, at + 3 * bin).length]).toEqual([
      0, 1,
    ]);
  });
});

describe('bars', () => {
  const line: Timeline = {
    t0: new Date(0).toISOString(),
    step: 900,
    allowed: { bytes: [80], records: [4] },
    unknown: { bytes: [20], records: [4] },
    denied: { bytes: [null], records: [1] },
    dropped: { bytes: [null], records: [1] },
  };
  it('stacks the four verdicts from the bottom, none over another', () => {
    const [b] = bars(line, 'bytes', [0, bin], 100, 50);
    expect(b.parts.map((p) => p.v)).toEqual(['allowed', 'unknown', 'denied', 'dropped']);
    let top = 50;
    for (const p of b.parts) {
      expect(p.y + p.h).toBeLessThanOrEqual(top + 1e-9);
      top = p.y;
    }
    expect(b.parts.slice(0, 2).map((p) => p.h)).toEqual([32, 8]);
    expect(top).toBeGreaterThanOrEqual(0);
  });
});
