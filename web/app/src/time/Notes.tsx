// What one must know to trust the numbers, as badges beside the time.
import { bytes, count } from '../format';
import { graph } from '../state';

const codes: Record<string, [string, string]> = {
  sampled: ['sampled', 'Counters are estimates: these logs keep a sample of the packets'],
  gaps: ['log gaps', 'Logs lost records in this range (SKIPDATA); counters are a lower bound'],
  nodata: ['quiet interfaces', 'Some interfaces reported windows without traffic'],
  unmeasured: ['unmeasured denials', 'Some denials carry no counters'],
  widened: ['whole buckets', 'The range was widened to whole buckets'],
  building: ['still merging', 'Some hours are still being merged'],
};

/** Notes stand beside the time: what one must know to trust the numbers. */
export function Notes() {
  const g = graph.value.data;
  if (!g) return null;
  // What the caps left out has a chip of its own.
  const list = [...new Set(g.notes ?? [])].filter((n) => n !== 'capped');
  return (
    <span class="notes">
      {list.map((n) => {
        const [who, code] = n.includes(':')
          ? [n.slice(0, n.indexOf(':')).toUpperCase(), n.slice(n.indexOf(':') + 1)]
          : ['', n];
        const found = codes[code];
        return (
          <span key={n} title={found ? `${who ? `${who}: ` : ''}${found[1]}` : n}>
            {found ? `${who ? `${who} ` : ''}${found[0]}` : n}
          </span>
        );
      })}
      {g.behindNAT && g.behindNAT.r > 0 && (
        <span title="The same packets, met again behind a NAT gateway or balancer; they are in no total">
          {g.behindNAT.b != null ? bytes(g.behindNAT.b) : `${count(g.behindNAT.r)} records`} seen again behind
          NAT
        </span>
      )}
    </span>
  );
}
