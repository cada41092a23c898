// Ports and protocols, and why packets were stopped.
import { useSignal } from '@preact/signals';
import type { PortRow, Stop } from '../api/panels';
import type { Metric } from '../api/words';
import { bytes, count } from '../format';
import { narrow } from '../state';
import { Bar, Section, VerdictBadge } from '../ui';
import { where } from './words';

const few = 8;

/** Fold shows the first of a list, and all on request. */
export function useFold<T>(list: T[], more = 0): [T[], preact.ComponentChildren] {
  const all = useSignal(false);
  const rest = list.length - few;
  return [
    all.value || rest < 2 ? list : list.slice(0, few),
    <>
      {rest > 1 && (
        <button type="button" class="fold" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? 'Show fewer' : `Show ${count(rest)} more`}
        </button>
      )}
      {more > 0 && <p class="muted">and {count(more)} that are not listed</p>}
    </>,
  ];
}

const amount = (p: PortRow, m: Metric): string =>
  m === 'packets' ? count(p.p) : m === 'opened' ? count(p.o) : m === 'records' ? count(p.r) : bytes(p.b);

const titles: Record<Metric, string> = {
  bytes: 'Bytes',
  packets: 'Packets',
  opened: 'Opened',
  records: 'Records',
};

export function Ports({ rows, more, m }: { rows: PortRow[]; more?: number; m: Metric }) {
  const [shown, fold] = useFold(rows, more);
  if (!rows.length) return null;
  const peers = rows.some((p) => p.peer);
  const dirs = rows.some((p) => p.dir);
  return (
    <Section title="Ports & protocols">
      <table>
        <thead>
          <tr>
            <th scope="col">Port</th>
            {peers && <th scope="col">Peer</th>}
            {m !== 'records' && (
              <th scope="col" class="num">
                Records
              </th>
            )}
            <th scope="col" class="num">
              {titles[m]}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((p) => {
            const no = p.v === 'denied' || p.v === 'dropped';
            const why = [p.reason, where[p.at ?? '']].filter(Boolean).join(', ');
            const clause = p.port === null ? `protocol = ${p.proto}` : `port = ${p.port}`;
            return (
              <tr
                key={[p.proto, p.port, p.v, p.dir, p.peer?.id, p.reason, p.at, p.answer].join()}
                class={no ? 'stopped' : ''}
                title={why}
              >
                <td>
                  <button
                    type="button"
                    class="cell"
                    title={`Show only ${clause}`}
                    onClick={() => narrow(clause)}
                  >
                    {dirs && (
                      <i title={p.dir === 'in' ? 'It serves this port' : 'It asks this port of others'}>
                        {p.dir === 'in' ? '←' : '→'}
                        <span class="hidden">{p.dir === 'in' ? 'in' : 'out'}</span>
                      </i>
                    )}{' '}
                    <b>{p.port ?? p.proto}</b>{' '}
                    <small>{[p.port === null ? '' : p.proto, p.name].filter(Boolean).join(' ')}</small>
                  </button>
                  {p.answer === 'none' && !no && <small class="why">never answered</small>}
                </td>
                {peers && <td class="clip">{p.peer?.label ?? ''}</td>}
                {m !== 'records' && <td class="num">{count(p.r)}</td>}
                <td class="num">
                  {no ? (
                    <>
                      {m === 'records' && count(p.r)} <VerdictBadge v={p.v} />
                    </>
                  ) : (
                    amount(p, m)
                  )}
                  {p.v === 'unknown' && <small class="why">verdict not logged</small>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {fold}
    </Section>
  );
}

/** Stops says by which rule and where packets were stopped. */
export function Stops({ list }: { list: Stop[] }) {
  const [shown, fold] = useFold(list);
  if (!list.length) return null;
  const max = Math.max(...list.map((s) => s.r));
  return (
    <Section title="Why it was stopped">
      <ul class="rows stops">
        {shown.map((s) => (
          <li key={`${s.v}${s.at}${s.reason}`}>
            <Bar part={s.r / max} red />
            <span class="pair">
              <VerdictBadge v={s.v} /> {s.reason || 'no reason logged'}{' '}
              <small>{where[s.at ?? ''] || 'place not known'}</small>
            </span>
            <span class="num">{count(s.r)}</span>
          </li>
        ))}
      </ul>
      {fold}
    </Section>
  );
}
