// Right panel of a selected path: a client, a server, and all between them.
import type { EdgeDetails, Ref } from '../api/panels';
import { count, metricOf, recordsOf, stamp, sum } from '../format';
import { edge, graph, select, view } from '../state';
import { KindIcon, Section, Tile } from '../ui';
import { Actions, Head, RowsButton, Waiting } from './Head';
import { amount } from './Node';
import { Ports, Stops } from './Ports';
import { Series } from './Series';
import { answers, seen, stopsOf, where } from './words';

export function EdgePanel() {
  const { data: e, error } = edge.value;
  if (!e) return <Waiting error={error} what="on this path" />;
  const m = view.value.metric;
  const { allowed, denied, dropped, unknown } = e.verdicts;
  const opened = sum(Object.values(e.verdicts).map((c) => metricOf(c, 'opened')));
  return (
    <>
      <Head title={`${e.s.label} → ${e.t.label}`} />
      <p class="ends">
        <End of={e.s} role="client" /> <i aria-hidden="true">→</i> <End of={e.t} role="server" />
      </p>
      <Actions filter={e.filter} />
      <dl class="tiles">
        <Tile
          title={m === 'bytes' ? 'Traffic' : m === 'packets' ? 'Packets' : 'Let through'}
          value={amount(e.verdicts, m)}
          note={allowed || unknown ? 'both directions' : 'none was let through'}
        />
        <Tile
          title="Records"
          value={count(recordsOf(e.verdicts))}
          note={opened === null ? 'opened: not logged' : `${count(opened)} opened`}
        />
        <Tile
          title="Denied"
          value={count(denied?.r ?? 0)}
          note={denied ? where[denied.at ?? ''] : 'none'}
          red={Boolean(denied)}
        />
        <Tile
          title="Dropped"
          value={count(dropped?.r ?? 0)}
          note={dropped ? where[dropped.at ?? ''] : 'none'}
        />
      </dl>
      {allowed && e.answer && <p class={e.answer === 'none' ? 'note warn' : 'note'}>{answers[e.answer]}</p>}
      {unknown && (
        <p class="note">
          {count(unknown.r)} records do not say whether this was allowed; it is counted as let through.
        </p>
      )}
      {e.sampled && <p class="note">Sampled: counters are estimates.</p>}
      {e.incomplete && <p class="note">Logs lost records here; the counters are a lower bound.</p>}
      <Series of={e.series} />
      <Ports rows={e.ports} more={e.morePorts} m={m} />
      <Stops list={stopsOf(e)} />
      <Seen e={e} />
      <RowsButton />
    </>
  );
}

const Seen = ({ e }: { e: EdgeDetails }) => (
  <Section title="Seen">
    <dl class="facts">
      {[
        ...Object.entries(e.seenBy ?? {}).map(([k, v]) => [seen[k] ?? `by ${k}`, `${count(v)} records`]),
        ['First', `${stamp(Date.parse(e.first))} UTC`],
        ['Last', `${stamp(Date.parse(e.last))} UTC`],
      ].map(([k, v]) => (
        <div key={k}>
          <dt>{k}</dt>
          <dd>{v}</dd>
        </div>
      ))}
    </dl>
  </Section>
);

const End = ({ of, role }: { of: Ref; role: string }) => (
  <button type="button" onClick={() => select(of.id)} title={`${role}: ${of.label}`}>
    <KindIcon
      kind={of.kind}
      provider={of.provider}
      country={graph.value.data?.nodes.find((n) => n.id === of.id)?.country}
      size={20}
    />
    <span>
      <b>{of.label}</b>
      <small>{role}</small>
    </span>
  </button>
);
