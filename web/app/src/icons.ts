// What each kind of node is called and which glyph stands for it: the table
// "Icon keys" of page.md, which lies in scripts/kinds.txt and reaches the page
// with the glyphs. A key that is not in it is drawn as its family.
import { signal } from '@preact/signals';
import type { Provider } from './api/words';
import type { Glyph } from './glyph';

interface Icon {
  glyph: Glyph;
  title: string;
  /** Order in a column: what meets the outside first stands first. */
  rank: number;
}

const icons = signal(new Map<string, Icon>());

/** readKinds takes the table in: a line a kind. */
export function readKinds(table: string): void {
  const map = new Map<string, Icon>();
  for (const line of table.trim().split('\n')) {
    const [key, glyph, title, rank] = line.split('|') as [string, Glyph, string, string];
    map.set(key, { glyph, title, rank: Number(rank) });
  }
  icons.value = map;
}

const families: [RegExp, string][] = [
  [/^net\./, 'net.internet'],
  [/(sql|db|postgres|mysql|database)/, 'gen.db'],
  [/(redis|cache)/, 'gen.cache'],
  [/(lb|balancer|gateway)$/, 'gen.lb'],
  [/(container|pod|k8s)/, 'gen.container'],
];

/** iconOf never fails: a key that nobody knows has its family's glyph and its own text as title. */
export function iconOf(kind: string): Icon {
  const known = icons.value.get(kind);
  if (known) return known;
  const family = families.find(([re]) => re.test(kind))?.[1] ?? 'gen.unknown';
  const icon = icons.value.get(family) ?? { glyph: 'question-mark', title: '', rank: 50 };
  return kind ? { ...icon, title: kind } : icon;
}

export const providerNames: Record<string, string> = { aws: 'AWS', gcp: 'GCP', azure: 'Azure', '': 'Other' };
export const providerOrder = (p: Provider | undefined): number =>
  ['aws', 'gcp', 'azure'].indexOf(p || '') >>> 0;
