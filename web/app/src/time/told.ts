// Charts in words, for those who do not see them and for the line below them.
import type { Gap, Timeline } from '../api/panels';
import type { Verdict } from '../api/words';
import { bucket, bytes, count, day, clock as hours, span } from '../format';

/** told says where a line of values is highest and where nothing is known. */
export function told(
  values: (number | null)[],
  t0: number,
  step: number,
  write: (n: number | null) => string,
): string {
  let top = -1;
  let blank = 0;
  values.forEach((v, i) => {
    if (v === null) blank++;
    else if (top < 0 || v > (values[top] as number)) top = i;
  });
  if (top < 0) return 'nothing known';
  const at = t0 + top * step * 1000;
  const days = values.length * step > 86400;
  return `most ${write(values[top])} in ${bucket(step)} at ${days ? `${day(at)} ` : ''}${hours(at)}${
    blank && blank < values.length ? `, ${blank} of ${values.length} bins unknown` : ''
  }`;
}

const kinds: [Verdict, string][] = [
  ['allowed', 'allowed'],
  ['unknown', 'verdict not logged'],
  ['denied', 'denied'],
  ['dropped', 'dropped'],
];

export interface Part {
  v: Verdict;
  text: string;
}

/** parts is what one bin holds, by verdict. */
export const parts = (t: Timeline, i: number): Part[] =>
  kinds.flatMap(([v, name]) => {
    const c = t[v];
    if (!c) return [];
    const r = c.records[i];
    const b = c.bytes[i];
    if (!r && !b) return [];
    const text = [b == null ? '' : bytes(b), `${count(r)} records`].filter(Boolean).join(', ');
    return [{ v, text: `${name}: ${text}` }];
  });

export const gapsIn = (t: Timeline, from: number, to: number): Gap[] =>
  (t.gaps ?? []).filter((g) => Date.parse(g.from) < to && Date.parse(g.to) > from);

/** gapText is what a gap means for what is counted there. */
export const gapText = (g: Gap): string =>
  `${g.logs ? `${count(g.logs)} ${g.logs === 1 ? 'log' : 'logs'}` : 'logs'} ${
    g.kind === 'missing' ? 'without entries' : 'lost records'
  } here: a lower bound`;

/** chartText is the whole brush in words. */
export function chartText(t: Timeline): string {
  const at = Date.parse(t.t0);
  const n = Math.max(0, ...kinds.map(([v]) => t[v]?.records.length ?? 0));
  const lines = kinds.flatMap(([v, name]) => {
    const c = t[v];
    if (!c?.records.some((x) => x)) return [];
    const by = c.bytes.some((x) => x) && (v === 'allowed' || v === 'unknown');
    return [
      `${name}: ${told(by ? c.bytes : c.records, at, t.step, by ? bytes : (x) => `${count(x)} records`)}`,
    ];
  });
  const gaps = (t.gaps ?? []).map((g) => span(Date.parse(g.from), Date.parse(g.to)));
  return [
    `${n} bins of ${bucket(t.step)}`,
    ...lines,
    gaps.length
      ? `logs lack records in ${gaps.length === 1 ? 'a span' : `${gaps.length} spans`}: ${gaps.slice(0, 5).join(', ')}`
      : '',
  ]
    .filter(Boolean)
    .join('; ');
}
