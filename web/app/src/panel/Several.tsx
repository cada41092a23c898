// Right panel of several nodes, and of the ways between two.
import * as act from '../act/target';
import type { Counter, GraphEdge } from '../api';
import { bytes, count, quantity, stopped, sum, unit } from '../format';
import { clearSelection, drawn, select, selectEdge, selected, selectMore, view } from '../state';
import { Icon, KindIcon, Section, Tile } from '../ui';

const Head = ({ title }: { title: string }) => (
  <header class="panel-head details-head">
    <h2>{title}</h2>
    <button
      type="button"
      class="ghost"
      aria-label="Close details"
      title="Close (Esc)"
      onClick={clearSelection}
    >
      <Icon name="x" />
    </button>
  </header>
);

const Edges = ({ edges }: { edges: GraphEdge[] }) => {
  const m = view.value.metric;
  return (
    <ol class="rows">
      {edges.map((e) => {
        const n = sum(Object.values(e.verdicts).map((c) => (c as Counter)[m[0] as 'b']));
        const red = stopped(e.verdicts);
        return (
          <li key={`${e.s}\n${e.t}`}>
            <button type="button" onClick={() => selectEdge(e.s, e.t)}>
              <span class="pair">
                {act.nameOf(e.s)} <i>→</i> {act.nameOf(e.t)}
              </span>
              {red > 0 && <span class="red-badge">{count(red)} denied</span>}
              <span class="num">{quantity(n, m)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
};

/** Ways lists the shortest ways between two nodes on what is drawn. */
export function WaysPanel() {
  const [a, b] = view.value.path ?? ['', ''];
  const w = act.ways.value;
  return (
    <>
      <Head title={`${act.nameOf(a)} → ${act.nameOf(b)}`} />
      <p class="muted sub">
        {w
          ? `${w.more ? 'More than ' : ''}${w.ways.length} shortest ${w.ways.length > 1 ? 'ways' : 'way'} on what is drawn, ${w.ways[0].length} ${w.ways[0].length > 1 ? 'paths' : 'path'} long${w.directed ? '' : '; none from client to server all along, so directions are left out'}`
          : 'No way between them on what is drawn.'}
      </p>
      <p class="actions">
        <button type="button" onClick={() => act.pathTo(b, a)}>
          Other direction
        </button>
      </p>
      {w?.ways.map((way, i) => (
        <Section key={i} title={`Way ${i + 1}`}>
          <Edges edges={way} />
        </Section>
      ))}
    </>
  );
}

/** Several sums up the nodes that are selected. */
export function Several() {
  const ids = selected.value;
  const g = drawn.value;
  const inside = new Set<string>();
  const parents = new Map([...(g?.groups ?? []), ...(g?.nodes ?? [])].map((x) => [x.id, x.parent]));
  for (const n of g?.nodes ?? [])
    for (let p: string | null | undefined = n.id, i = 0; p && i < 9; p = parents.get(p), i++)
      if (ids.includes(p)) inside.add(n.id);
  const m = view.value.metric;
  const of = (edges: GraphEdge[]) =>
    quantity(
      sum(edges.flatMap((e) => Object.values(e.verdicts).map((c) => (c as Counter)[m[0] as 'b']))),
      m,
    ) + (m === 'bytes' ? '' : unit(m));
  const edges = g?.edges ?? [];
  const own = edges.filter((e) => inside.has(e.s) && inside.has(e.t));
  const into = edges.filter((e) => !inside.has(e.s) && inside.has(e.t));
  const out = edges.filter((e) => inside.has(e.s) && !inside.has(e.t));
  const red = [...own, ...into, ...out].reduce((n, e) => n + stopped(e.verdicts), 0);
  const t = { ids };
  const paths = (list: GraphEdge[]) => `${count(list.length)} ${list.length === 1 ? 'path' : 'paths'}`;
  return (
    <>
      <Head title={`${ids.length} selected`} />
      <p class="actions">
        <button type="button" onClick={() => act.filterTo(t)}>
          <Icon name="filter" size={14} /> Only these
        </button>
        <button type="button" onClick={() => act.exclude(t)}>
          Exclude
        </button>
        <button type="button" onClick={() => act.hide(t)}>
          <Icon name="eye-off" size={14} /> Hide
        </button>
        <button type="button" onClick={() => act.focusOn(t)}>
          <Icon name="focus-2" size={14} /> Focus
        </button>
        {ids.length === 2 && (
          <button type="button" onClick={() => act.pathTo(ids[0], ids[1])}>
            Path between
          </button>
        )}
      </p>
      <dl class="tiles">
        <Tile title="In from others" value={of(into)} note={paths(into)} />
        <Tile title="Out to others" value={of(out)} note={paths(out)} />
        <Tile title="Between them" value={of(own)} note={paths(own)} />
        <Tile title="Stopped" value={count(red)} note="records" red={red > 0} />
      </dl>
      {g?.other?.edges ? <p class="muted">Of the paths that are drawn.</p> : null}
      <Section title="Nodes">
        <ul class="rows">
          {ids.map((id) => {
            const n = g?.nodes.find((x) => x.id === id);
            return (
              <li key={id}>
                <button type="button" onClick={() => select(id)}>
                  <KindIcon
                    kind={n?.kind ?? 'gen.group'}
                    provider={n?.provider}
                    country={n?.country}
                    size={18}
                  />
                  <span class="name">{act.nameOf(id)}</span>
                  <span class="num">{n ? bytes(sum([n.in.b, n.out.b])) : ''}</span>
                </button>
                <button
                  type="button"
                  class="ghost"
                  aria-label={`Take ${act.nameOf(id)} out`}
                  onClick={() => selectMore(id)}
                >
                  <Icon name="x" size={12} />
                </button>
              </li>
            );
          })}
        </ul>
      </Section>
      {own.length > 0 && (
        <Section title="Between them">
          <Edges edges={own} />
        </Section>
      )}
    </>
  );
}
