// Right panel of a selected node.
import type { NodeDetails } from '../api/panels';
import type { Metric, Verdicts } from '../api/words';
import { count, passed, percent, quantity, recordsOf, stamp, stopped } from '../format';
import { iconOf } from '../icons';
import { narrow, node, toggleExpand, view } from '../state';
import { Icon, KindIcon, Section, Tile } from '../ui';
import { Actions, Head, RowsButton, Waiting } from './Head';
import { Peers } from './Peers';
import { Ports, Stops, useFold } from './Ports';
import { Series } from './Series';
import { identity, many, quoted, stopsOf } from './words';

/** amount is what was let through: 0 only where no record was. */
export const amount = (v: Verdicts, m: Metric): string =>
  v.allowed || v.unknown ? quantity(passed(v, m), m) : '0';

export function NodePanel() {
  const { data: n, error } = node.value;
  if (!n) return <Waiting error={error} what="of it" />;
  const m = view.value.metric;
  const records = recordsOf(n.in) + recordsOf(n.out);
  const red = stopped(n.in) + stopped(n.out);
  const side = (dir: 'in' | 'out', one: string) => {
    const k = n.peers.filter((p) => p.dir === dir).length;
    return `${count(k)}${n.morePeers ? '+' : ''} ${one}${k === 1 && !n.morePeers ? '' : 's'}`;
  };
  const where = n.path.map((p) => p.label).join(' / ');
  return (
    <>
      <Head title={n.label}>
        <KindIcon kind={n.kind} provider={n.provider} country={n.country} size={32} />
      </Head>
      <p class="muted sub">
        {[iconOf(n.kind).title, where, n.count > 1 ? `${count(n.count)} endpoints` : '']
          .filter(Boolean)
          .join(' · ')}
      </p>
      <Addresses n={n} />
      <Actions filter={n.filter}>
        {n.count > 1 && (
          <button type="button" onClick={() => toggleExpand(n.id)}>
            <Icon name="box" size={14} /> {view.value.expand.includes(n.id) ? 'Close' : 'Open'}
          </button>
        )}
      </Actions>
      <dl class="tiles">
        <Tile title="In" value={amount(n.in, m)} note={side('in', 'client')} />
        <Tile title="Out" value={amount(n.out, m)} note={side('out', 'target')} />
        <Tile
          title="Records"
          value={count(records)}
          note={records ? `${percent((records - red) / records)} let through` : ''}
        />
        <Tile
          title="Stopped"
          value={count(red)}
          note={red ? many(n.peers.filter((p) => stopped(p.verdicts)).length, 'peer') : 'none'}
          red={red > 0}
        />
      </dl>
      <Series of={n.series} />
      <Peers n={n} m={m} />
      <Ports rows={n.ports} more={n.morePorts} m={m} />
      <Stops list={stopsOf(n)} />
      <Identity n={n} />
      <RowsButton />
    </>
  );
}

function Addresses({ n }: { n: NodeDetails }) {
  const [shown, fold] = useFold(n.addresses, n.addresses.length ? n.moreAddresses : 0);
  if (!n.addresses.length) return null;
  return (
    <div class="addresses">
      {shown.map((a) => (
        <code key={a}>{a}</code>
      ))}
      {fold}
    </div>
  );
}

const Identity = ({ n }: { n: NodeDetails }) => (
  <Section title="Identity">
    <dl class="facts">
      {[
        ...identity(n),
        ['First seen', `${stamp(Date.parse(n.first))} UTC`],
        ['Last seen', `${stamp(Date.parse(n.last))} UTC`],
      ].map(([k, v]) => (
        <div key={k}>
          <dt>{k}</dt>
          <dd>{v}</dd>
        </div>
      ))}
    </dl>
    {n.tags && (
      <ul class="tags" aria-label="Tags">
        {Object.entries(n.tags).map(([k, v]) => {
          const clause = `tag.${k} = ${quoted(v)}`;
          return (
            <li key={k}>
              <button type="button" title={`Show only ${clause}`} onClick={() => narrow(clause)}>
                <small>{k}</small> {v}
              </button>
            </li>
          );
        })}
      </ul>
    )}
  </Section>
);
