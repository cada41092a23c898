// Right panel with nothing selected: the whole range.
import { useRef } from 'preact/hooks';
import type { Graph, GraphEdge } from '../api/graph';
import type { Timeline } from '../api/panels';
import { bytes, count, exact, length, passed, percent, quantity, span } from '../format';
import { clock, graph, meta, rangeLine, selectEdge, timeline, times, view } from '../state';
import { Bar, Icon, Section, Tile } from '../ui';
import { whole } from '../view';
import { useFocus } from './focus';
import { Skeleton } from './Head';
import { Series } from './Series';

/** Overview; on a phone it is a sheet that can be closed. */
export function Overview({ close }: { close?: () => void }) {
  const g = graph.value.data;
  const t = times.value;
  const before = useRef<Timeline | null>(null);
  if (!g || !t) return meta.value.data && !clock.value ? <p class="empty">No data yet.</p> : <Skeleton />;
  const { totals } = g;
  const { records, denied, dropped, unknown } = totals;
  const { data, busy } = (whole(t) ? timeline : rangeLine).value;
  // As the tiles, it stays until the answer to another range has come.
  const line = data ?? (busy ? before.current : null);
  before.current = line;
  const { show, metric } = view.value;
  const of = (n: number) => (records ? `${percent(n / records)} of records` : '');
  return (
    <>
      <header class="details-head panel-head">
        <div>
          <h2>Overview</h2>
          <p class="muted">
            {span(t.range[0], t.range[1])} · {length(t.range[1] - t.range[0])}
          </p>
        </div>
        {close && <Closer close={close} />}
      </header>
      <dl class="tiles">
        <Tile
          title="Traffic"
          value={bytes(totals.bytes)}
          note={
            totals.packets != null ? `${count(totals.packets)} packets` : records ? 'packets not logged' : ''
          }
        />
        <Tile
          title="Records"
          value={count(records)}
          note={totals.opened == null ? 'log records' : `${count(totals.opened)} opened`}
        />
        <Tile title="Denied" value={count(denied)} note={of(denied)} red={denied > 0} />
        <Tile
          title="Endpoints"
          value={exact(totals.endpoints)}
          note={records ? `${percent((records - denied - (dropped ?? 0)) / records)} let through` : ''}
        />
        {dropped ? <Tile title="Dropped" value={count(dropped)} note="by routing, MTU, …" /> : null}
        {unknown ? <Tile title="Verdict not logged" value={count(unknown)} note={of(unknown)} /> : null}
      </dl>
      {/* What is shown alone is drawn alone. */}
      {line && <Series of={line} verdicts={show === 'all' ? undefined : [show]} />}
      <Paths title="Busiest paths" g={g} value={(e) => passed(e.verdicts, metric) ?? 0} />
      <Paths title="Denied paths" g={g} red value={(e) => e.verdicts.denied?.r ?? 0} />
      <Paths title="Dropped paths" g={g} red value={(e) => e.verdicts.dropped?.r ?? 0} />
      <Paths
        title="Never answered"
        g={g}
        records
        value={(e) => (e.answer === 'none' ? (e.verdicts.allowed?.r ?? 0) : 0)}
      />
    </>
  );
}

function Closer({ close }: { close: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  useFocus(ref, '.sheet-open');
  return (
    <button type="button" class="ghost" aria-label="Close the overview" ref={ref} onClick={close}>
      <Icon name="x" />
    </button>
  );
}

interface PathsProps {
  title: string;
  g: Graph;
  value: (e: GraphEdge) => number;
  red?: boolean; // counted in records that were stopped
  records?: boolean; // counted in records
}

function Paths({ title, g, value, red, records }: PathsProps) {
  const edges = g.edges
    .filter((e) => value(e) > 0)
    .sort((a, b) => value(b) - value(a))
    .slice(0, red || records ? 6 : 7);
  const names = new Map(g.nodes.map((n) => [n.id, n.label]));
  const m = records || red ? 'records' : view.value.metric;
  const max = Math.max(...edges.map(value), 1);
  if (!edges.length)
    return red || records ? null : (
      <Section title={title}>
        <p class="empty">No traffic was let through here.</p>
      </Section>
    );
  return (
    <Section title={title}>
      <ol class="rows">
        {edges.map((e) => {
          const ports = (e.ports ?? []).filter(
            (p) => (p.v === 'denied' || p.v === 'dropped') === Boolean(red),
          );
          const numbers = ports.filter((p) => p.port != null);
          return (
            <li key={`${e.s}\n${e.t}`}>
              <button type="button" onClick={() => selectEdge(e.s, e.t)}>
                <Bar part={value(e) / max} red={red} />
                <span class="pair">
                  <span>{names.get(e.s) ?? e.s}</span> <i>→</i> <span>{names.get(e.t) ?? e.t}</span>
                  <small>
                    {numbers.length
                      ? `:${numbers
                          .slice(0, 2)
                          .map((p) => p.port)
                          .join(', ')}`
                      : (ports[0]?.proto ?? '')}
                  </small>
                </span>
                <span class={red ? 'num red-text' : 'num'}>{quantity(value(e), m)}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}
