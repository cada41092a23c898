// What the answers mean, in words.
import type { NodeDetails, PortRow, Stop } from '../api/panels';
import type { Answer, At } from '../api/words';
import { count } from '../format';

export const where: Record<At, string> = {
  client: 'at the client',
  server: 'at the server',
  middle: 'on the way',
  '': '',
};

export const answers: Record<Answer, string> = {
  seen: 'Answered: packets came back.',
  none: 'Never answered: let through, but nothing came back although the log could have shown it.',
  unknown: 'Answer not known: these logs cannot show one.',
};

/** seen says who wrote the records, by the key of seenBy. */
export const seen: Record<string, string> = {
  both: 'by both ends',
  client: 'at the client only',
  server: 'at the server only',
  middle: 'on the way only',
  unknown: 'place not told',
};

export const namers: Record<string, string> = {
  file: 'your names file',
  inventory: 'an inventory',
  log: 'the logs',
  cloud: 'the cloud’s address ranges',
  geo: 'GeoIP',
};

export const many = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

/** stopsOf is why and where packets were stopped: as told, else what the rows of ports tell. */
export function stopsOf(d: { stops?: Stop[]; ports: PortRow[] }): Stop[] {
  if (d.stops?.length) return d.stops;
  const out = new Map<string, Stop>();
  for (const { v, at = '', reason = '', r } of d.ports) {
    if (v !== 'denied' && v !== 'dropped') continue;
    const key = `${v}\n${at}\n${reason}`;
    const known = out.get(key);
    if (known) known.r += r;
    else out.set(key, { v, at, reason, r });
  }
  return [...out.values()].sort((a, b) => b.r - a.r);
}

/** identity is what is known of a node, as pairs to list; what nobody knows is left out. */
export function identity(n: NodeDetails): [string, string][] {
  const up = (kind: string) => n.path.find((p) => p.kind === kind)?.label;
  /** A name, with the id behind it where that is another text. */
  const named = (kind: string, id = '') => {
    const name = up(kind);
    return name && id && name !== id ? `${name} (${id})` : id || name || '';
  };
  const list: [string, string | undefined][] = [
    ['Account', named('account', n.account)],
    ['Region', [n.region, n.zone].filter(Boolean).join(' / ')],
    ['Network', named('network', n.network)],
    ['Subnet', named('subnet', n.subnet)],
    ['Service', n.service === n.label ? '' : n.service],
    ['Country', n.country],
    ['AS', n.asn],
    ['Owner', n.owner],
    ['Named by', n.namedBy ? (namers[n.namedBy] ?? n.namedBy) : 'nobody: only the address is known'],
  ];
  return list.filter((p): p is [string, string] => Boolean(p[1]));
}

/** quoted is a value as the filter takes it. */
export const quoted = (s: string): string =>
  /^[A-Za-z][\w.-]*$/.test(s) ? s : `"${s.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
