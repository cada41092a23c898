// Right panel of several nodes, and of the ways between two.
import * as act from '../act/target';
import { around } from '../act/walk';
import type { GraphEdge } from '../api/graph';
import { count, metricOf, quantity, stopped, sum, unit } from '../format';
import { drawn, select, selectEdge, selected, selectMore, view } from '../state';
import { Icon, KindIcon, Section, Tile } from '../ui';
import { Actions, Head } from './Head';

const many = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

/** total of paths in the chosen metric, whatever became of it. */
const total = (edges: GraphEdge[]): string => {
  const m = view.value.metric;
  return quantity(sum(edges.flatMap((e) => Object.values(e.verdicts).map((c) => metricOf(c, m)))), m);
};

const Edges = ({ title, edges }: { title: string; edges: GraphEdge[] }) => (
  <Section title={title}>
    <ol class="rows">
      {edges.map((e) => (
        <li key={`${e.s}\n${e.t}`}>
          <button type="button" onClick={() => selectEdge(e.s, e.t)}>
            <span class="pair">
              {act.nameOf(e.s)} <i>→</i> {act.nameOf(e.t)}
            </span>
            {stopped(e.verdicts) > 0 && <span class="red-badge">{count(stopped(e.verdicts))} stopped</span>}
            <span class="num">{total([e])}</span>
          </button>
        </li>
      ))}
    </ol>
  </Section>
);

/** WaysPanel lists the shortest ways between two nodes on what is drawn. */
export function WaysPanel() {
  const [a, b] = view.value.path!;
  const w = act.ways.value;
  return (
    <>
      <Head title={`${act.nameOf(a)} → ${act.nameOf(b)}`} />
      <p class="muted sub">
        {w
          ? `${w.more ? 'More than ' : ''}${many(w.ways.length, 'shortest way')} on what is drawn, ${many(w.ways[0].length, 'path')} long${w.directed ? '' : '; none from client to server all along, so directions are left out'}`
          : 'No way between them on what is drawn.'}
      </p>
      <p class="actions">
        <button type="button" onClick={() => act.pathTo(b, a)}>
          Other direction
        </button>
      </p>
      {w?.ways.map((way, i) => (
        <Edges key={i} title={`Way ${i + 1}`} edges={way} />
      ))}
    </>
  );
}

/** Several sums up the nodes that are selected. */
export function Several() {
  const ids = selected.value;
  const g = drawn.value;
  const inside = new Set(g && around(g, ids, 0).nodes.map((n) => n.id));
  const edges = (g?.edges ?? []).map((e) => ({ e, s: inside.has(e.s), t: inside.has(e.t) }));
  const part = (s: boolean, t: boolean) => edges.filter((x) => x.s === s && x.t === t).map((x) => x.e);
  const own = part(true, true);
  const [into, out] = [part(false, true), part(true, false)];
  const red = [...own, ...into, ...out].reduce((n, e) => n + stopped(e.verdicts), 0);
  const tile = (title: string, list: GraphEdge[]) => (
    <Tile
      title={title}
      value={total(list)}
      note={many(list.length, 'path') + (view.value.metric === 'bytes' ? '' : `, ${unit(view.value.metric)}`)}
    />
  );
  return (
    <>
      <Head title={`${ids.length} selected`} />
      <Actions filter={act.filterOf({ ids })}>
        {ids.length === 2 && (
          <button type="button" onClick={() => act.pathTo(ids[0], ids[1])}>
            Path between
          </button>
        )}
      </Actions>
      <dl class="tiles">
        {tile('In from others', into)}
        {tile('Out to others', out)}
        {tile('Between them', own)}
        <Tile title="Stopped" value={count(red)} note="records" red={red > 0} />
      </dl>
      {g?.other?.edges ? <p class="muted">Of the paths that are drawn.</p> : null}
      <Section title="Nodes">
        <ul class="rows">
          {ids.map((id) => {
            const n = g?.nodes.find((x) => x.id === id);
            const name = act.nameOf(id);
            return (
              <li key={id}>
                <button type="button" onClick={() => select(id)}>
                  <KindIcon
                    kind={n?.kind ?? 'gen.group'}
                    provider={n?.provider}
                    country={n?.country}
                    size={18}
                  />
                  <span class="name">{name}</span>
                </button>
                <button
                  type="button"
                  class="ghost"
                  aria-label={`Take ${name} out`}
                  onClick={() => selectMore(id)}
                >
                  <Icon name="x" size={12} />
                </button>
              </li>
            );
          })}
        </ul>
      </Section>
      {own.length > 0 && <Edges title="Between them" edges={own} />}
    </>
  );
}
