// Right panel with nothing selected: the whole range.
import type { Graph, GraphEdge, Verdict } from '../api';
import {
  bytes,
  count,
  exact,
  length,
  passed,
  percent,
  quantity,
  recordsOf,
  span,
  stopped,
  unit,
} from '../format';
import { graph, selectEdge, timeline, times, view } from '../state';
import { Bar, Section, Spark, Tile, valuesOf } from '../ui';

export function Overview() {
  const g = graph.value.data;
  const t = times.value;
  if (!g || !t)
    return (
      <div class="skeleton" aria-hidden="true">
        <i />
        <i />
        <i />
      </div>
    );
  const { totals } = g;
  const through = totals.records - totals.denied - (totals.dropped ?? 0);
  const line = timeline.value.data;
  // What is shown alone is drawn alone.
  const { show } = view.value;
  const red = show === 'denied' || show === 'dropped';
  const verdicts: Verdict[] = show === 'all' ? ['allowed', 'unknown'] : [show];
  const values = line ? valuesOf(line, verdicts, red ? 'records' : 'bytes') : [];
  const part = line ? within(values, Date.parse(line.t0), line.step, t.range) : [];
  return (
    <>
      <header class="panel-head">
        <h2>Overview</h2>
        <p class="muted">
          {span(t.range[0], t.range[1])} · {length(t.range[1] - t.range[0])}
        </p>
      </header>
      <dl class="tiles">
        <Tile
          title="Traffic"
          value={bytes(totals.bytes)}
          note={totals.packets == null ? 'packets not logged' : `${count(totals.packets)} packets`}
        />
        <Tile
          title="Records"
          value={count(totals.records)}
          note={totals.opened == null ? 'log records' : `${count(totals.opened)} opened`}
        />
        <Tile
          title="Denied"
          value={count(totals.denied)}
          note={totals.records ? `${percent(totals.denied / totals.records)} of records` : ''}
          red={totals.denied > 0}
        />
        <Tile
          title="Endpoints"
          value={exact(totals.endpoints)}
          note={totals.records ? `${percent(Math.max(0, through) / totals.records)} let through` : ''}
        />
      </dl>
      <Spark
        values={part}
        red={red}
        label={red ? `Records ${show} over time` : `Traffic over time, ${bytes(totals.bytes)} in all`}
      />
      <Paths title="Busiest paths" edges={busiest(g)} g={g} />
      <Paths title="Denied paths" edges={deniest(g)} g={g} red />
    </>
  );
}

const within = (
  values: (number | null)[],
  t0: number,
  step: number,
  range: [number, number],
): (number | null)[] =>
  values.filter((_, i) => {
    const at = t0 + i * step * 1000;
    return at >= range[0] - step * 500 && at < range[1];
  });

const busiest = (g: Graph): GraphEdge[] => {
  const m = view.value.metric;
  const of = (e: GraphEdge) => passed(e.verdicts, m) ?? 0;
  return g.edges
    .filter((e) => of(e) > 0)
    .sort((a, b) => of(b) - of(a))
    .slice(0, 7);
};
const deniest = (g: Graph): GraphEdge[] =>
  g.edges
    .filter((e) => stopped(e.verdicts))
    .sort((a, b) => stopped(b.verdicts) - stopped(a.verdicts))
    .slice(0, 6);

function Paths({ title, edges, g, red }: { title: string; edges: GraphEdge[]; g: Graph; red?: boolean }) {
  const names = new Map(g.nodes.map((n) => [n.id, n.label]));
  const m = view.value.metric;
  const of = (e: GraphEdge) => (red ? stopped(e.verdicts) : (passed(e.verdicts, m) ?? recordsOf(e.verdicts)));
  const max = Math.max(...edges.map(of), 1);
  if (!edges.length)
    return red ? null : (
      <Section title={title}>
        <p class="empty">No traffic was let through here.</p>
      </Section>
    );
  return (
    <Section title={title}>
      <ol class="rows">
        {edges.map((e) => {
          const ports = (e.ports ?? []).filter((p) =>
            red ? p.v === 'denied' || p.v === 'dropped' : p.v === 'allowed' || p.v === 'unknown',
          );
          return (
            <li key={`${e.s}\n${e.t}`}>
              <button type="button" onClick={() => selectEdge(e.s, e.t)}>
                <Bar part={of(e) / max} red={red} />
                <span class="pair">
                  <span>{names.get(e.s) ?? e.s}</span> <i>→</i> <span>{names.get(e.t) ?? e.t}</span>
                  <small>
                    {ports.some((p) => p.port != null)
                      ? `:${ports
                          .filter((p) => p.port != null)
                          .slice(0, 2)
                          .map((p) => p.port)
                          .join(', ')}`
                      : (ports[0]?.proto ?? '')}
                  </small>
                </span>
                <span class={red ? 'num red-text' : 'num'}>
                  {red ? count(of(e)) : `${quantity(of(e), m)}${m === 'bytes' ? '' : unit('bytes')}`}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}
