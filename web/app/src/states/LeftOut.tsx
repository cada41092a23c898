// Too much for one picture: what the caps left out, and three ways on.
import { count, exact, percent } from '../format';
import { go, graph, meta, tabled, toLevel, view } from '../state';

export function LeftOut() {
  const g = graph.value.data;
  const m = meta.value.data;
  if (!g?.other || !m || (!g.other.edges && !g.other.nodes)) return null;
  const { caps } = m;
  const v = view.value;
  const c = g.coverage;
  const bytes = v.metric === 'bytes';
  const part = c && `${percent(bytes ? c.bytes : c.records)} of ${bytes ? 'bytes' : 'records'}`;
  const times = 2 ** v.cap;
  const more = v.cap < 3 && (caps.edges * times < caps.maxEdges || caps.nodes * times < caps.maxNodes);
  const up = g.higher;
  const of = (drawn: number, rest: number, what: string) =>
    `${exact(drawn)} of ${exact(drawn + rest)} ${what}`;
  const text = g.other.edges
    ? of(g.edges.length, g.other.edges, 'paths')
    : of(g.nodes.length, g.other.nodes, 'nodes');
  return (
    <p class="left-out">
      <span>
        {[text, part].filter(Boolean).join(' · ')}
        {g.other.denied > 0 && <small> · the rest holds {count(g.other.denied)} stopped records</small>}
      </span>
      {more && (
        <button type="button" title="Draw twice as many" onClick={() => go({ cap: v.cap + 1 })}>
          Show more
        </button>
      )}
      {up && (
        <button type="button" onClick={() => toLevel(up)}>
          Group by {up}
        </button>
      )}
      {!tabled.value && (
        <button type="button" title="The same as a table (T)" onClick={() => go({ view: 'table' })}>
          Open table
        </button>
      )}
    </p>
  );
}
