// Who asks a node, and whom it asks.
import type { NodeDetails, Peer } from '../api/panels';
import type { Metric } from '../api/words';
import { count, passed, quantity, stopped } from '../format';
import { providerNames } from '../icons';
import { selectEdge } from '../state';
import { Bar, Section } from '../ui';
import { useFold } from './Ports';

export function Peers({ n, m }: { n: NodeDetails; m: Metric }) {
  const [shown, fold] = useFold(n.peers, n.morePeers);
  const value = (p: Peer) => passed(p.verdicts, m) ?? 0;
  const max = Math.max(...n.peers.map(value), 1);
  const reds = Math.max(...n.peers.map((p) => stopped(p.verdicts)), 1);
  if (!n.peers.length) return null;
  return (
    <Section title="Peers">
      <ol class="rows">
        {shown.map((p) => {
          const no = stopped(p.verdicts);
          const onlyNo = !p.verdicts.allowed && !p.verdicts.unknown && no > 0;
          const asks = p.dir === 'in';
          return (
            <li key={`${p.dir}${p.id}`}>
              <button
                type="button"
                title={asks ? `${p.label} → ${n.label}` : `${n.label} → ${p.label}`}
                onClick={() => (asks ? selectEdge(p.id, n.id) : selectEdge(n.id, p.id))}
              >
                <Bar part={onlyNo ? (0.3 * no) / reds : value(p) / max} red={onlyNo} />
                <span class="pair">
                  <i aria-hidden="true">{asks ? '←' : '→'}</i>
                  <span class="hidden">{asks ? 'from' : 'to'}</span> <span>{p.label}</span>{' '}
                  <small>{p.provider ? (providerNames[p.provider] ?? p.provider) : ''}</small>
                </span>
                {onlyNo ? (
                  <span class="num red-text">
                    {count(no)} {p.verdicts.denied ? 'denied' : 'dropped'}
                  </span>
                ) : (
                  <span class="num">
                    {no > 0 && (
                      <span class="red-badge" title={`${no} records stopped`}>
                        {count(no)}
                      </span>
                    )}{' '}
                    {quantity(passed(p.verdicts, m), m)}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ol>
      {fold}
    </Section>
  );
}
