// Left panel: findings, the tree of networks, the ports with most traffic.
import type { FacetValue, Group } from '../api';
import { count, quantity } from '../format';
import { facets, findings, graph, narrow, select, view } from '../state';
import { Bar, KindIcon, Section } from '../ui';

export function Left() {
  return (
    <nav class="left" id="left" aria-label="Findings, networks and ports">
      <FindingsPart />
      <Networks />
      <Ports />
    </nav>
  );
}

function FindingsPart() {
  const list = findings.value.data?.findings ?? [];
  return (
    <Section title="Findings" extra={list.length ? <span class="badge">{list.length}</span> : null}>
      {list.length ? (
        <ul class="findings">
          {list.map((f) => (
            <li key={f.id} class={`s-${f.severity}`}>
              <button
                type="button"
                onClick={() => (f.nodes?.[0] ? select(f.nodes[0]) : f.filter && narrow(f.filter))}
              >
                <strong>{f.title}</strong>
                {f.text && <span>{f.text}</span>}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="empty">Nothing found in this range.</p>
      )}
    </Section>
  );
}

const quoted = (s: string): string =>
  /^[A-Za-z][\w.-]*$/.test(s) ? s : `"${s.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

interface Line {
  id: string;
  group: Group | null;
  label: string;
  denied: number;
  endpoints: number;
  children: Line[];
}

/** tree sums what the nodes say up to the boxes that they stand in. */
function tree(): Line[] {
  const g = graph.value.data;
  if (!g) return [];
  const lines = new Map<string, Line>();
  for (const x of g.groups)
    if (x.kind !== 'internet' && x.kind !== 'services' && x.kind !== 'service')
      lines.set(x.id, {
        id: x.id,
        group: x,
        label: x.label,
        denied: 0,
        endpoints: x.endpoints ?? 0,
        children: [],
      });
  const parents = new Map(g.groups.map((x) => [x.id, x.parent]));
  let homeless = 0;
  let homelessDenied = 0;
  for (const n of g.nodes) {
    const red = n.denied?.in ?? 0;
    if (n.parent === null && !n.kind.startsWith('net.') && !n.id.startsWith('inet:')) {
      homeless += n.count ?? 1;
      homelessDenied += red;
    }
    for (let p = n.parent; p; p = parents.get(p) ?? null) {
      const l = lines.get(p);
      if (!l) continue;
      l.denied += red;
      if (l.group?.endpoints === undefined) l.endpoints += n.count ?? 1;
    }
  }
  const roots: Line[] = [];
  for (const l of lines.values()) {
    const up = l.group?.parent ? lines.get(l.group.parent) : undefined;
    if (up) up.children.push(l);
    else roots.push(l);
  }
  if (homeless)
    roots.push({
      id: '',
      group: null,
      label: g.groups.length > 1 && roots.length ? 'Network not known' : 'No network named',
      denied: homelessDenied,
      endpoints: homeless,
      children: [],
    });
  return roots;
}

function Networks() {
  const roots = tree();
  return (
    <Section title="Networks">
      {roots.length ? (
        <ul class="tree">
          {roots.map((l) => (
            <Branch key={l.id} line={l} depth={0} />
          ))}
        </ul>
      ) : (
        <p class="empty">{graph.value.busy ? 'Loading …' : 'No networks in this view.'}</p>
      )}
    </Section>
  );
}

function Branch({ line, depth }: { line: Line; depth: number }) {
  const g = line.group;
  const field = g?.kind ?? '';
  const clause = g && `${field} = ${quoted(line.label)}`;
  const body = (
    <>
      {depth === 0 ? (
        <KindIcon kind={g ? 'aws.vpc' : 'gen.unknown'} provider={g?.provider} size={16} />
      ) : (
        <i class={`ring p-${g?.provider || 'none'}`} />
      )}
      <span class="name">{line.label}</span>
      {line.denied > 0 && (
        <span class="red-badge" title={`${line.denied} records denied`}>
          {count(line.denied)}
        </span>
      )}
      <span class="num">{count(line.endpoints)}</span>
    </>
  );
  return (
    <li>
      {clause ? (
        <button
          type="button"
          class={`d${Math.min(depth, 2)}`}
          title={`Show only ${clause}`}
          onClick={() => narrow(clause)}
        >
          {body}
        </button>
      ) : (
        <span class="d0 plain">{body}</span>
      )}
      {line.children.length > 0 && (
        <ul>
          {line.children.map((c) => (
            <Branch key={c.id} line={c} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Ports() {
  const m = view.value.metric;
  const of = (p: FacetValue) => (m === 'bytes' ? p.b : m === 'packets' ? (p.p ?? null) : p.r) ?? null;
  const ports = [...(facets.value.data?.fields.port ?? [])]
    .sort((a, b) => (of(b) ?? 0) - (of(a) ?? 0) || b.r - a.r)
    .slice(0, 10);
  const max = Math.max(...ports.map((p) => of(p) ?? 0), 1);
  return (
    <Section title="Top ports">
      {ports.length ? (
        <ul class="ports">
          {ports.map((p) => (
            <li key={p.value}>
              <button
                type="button"
                title={`Show only port = ${p.value}`}
                onClick={() => narrow(`port = ${p.value}`)}
              >
                <b>{p.value}</b>
                <span class="name">{p.label ?? ''}</span>
                <span class="track">
                  <Bar part={(of(p) ?? 0) / max} />
                </span>
                {of(p) ? (
                  <span class="num">{quantity(of(p), m === 'opened' ? 'records' : m)}</span>
                ) : (
                  <span class={p.denied ? 'num red-text' : 'num'}>
                    {p.denied ? `${count(p.denied)} denied` : `${count(p.r)} records`}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="empty">No ports in this view.</p>
      )}
    </Section>
  );
}
