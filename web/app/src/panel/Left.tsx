// Left panel: findings, the tree of networks, the ports with most traffic.
import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import type { FacetValue, Finding } from '../api/filter';
import { count, quantity } from '../format';
import { facets, findings, go, narrow, narrowed, view } from '../state';
import { Bar, Section } from '../ui';
import { useFocus } from './focus';
import { Networks } from './Networks';

/** Left is a column of the page, or a drawer over it that has the focus. */
export const Left = ({ drawer }: { drawer?: boolean }) => (drawer ? <Drawer /> : <Parts />);

function Drawer() {
  const ref = useRef<HTMLElement>(null);
  useFocus(ref, '.top .menu');
  return <Parts box={ref} />;
}

function Parts({ box }: { box?: RefObject<HTMLElement | null> }) {
  return (
    <nav class="left" id="left" aria-label="Findings, networks and ports" ref={box} tabIndex={-1}>
      <FindingsPart />
      <Networks />
      <Ports />
    </nav>
  );
}

function FindingsPart() {
  const { data, error, busy } = findings.value;
  const list = data?.findings ?? [];
  const look = (f: Finding) => {
    const e = f.edges?.[0];
    const sel = e ? '' : (f.nodes?.[0] ?? '');
    const chosen = sel || e ? { sel, edge: e ? ([e.s, e.t] as [string, string]) : null, right: true } : {};
    go({ ...(f.filter ? { q: narrowed(f.filter) } : {}), ...chosen });
  };
  return (
    <Section title="Findings" extra={list.length ? <span class="badge">{list.length}</span> : null}>
      {list.length ? (
        <ul class="findings">
          {list.map((f) => (
            <li key={f.id} class={`s-${f.severity}`}>
              <button type="button" title={f.filter && `Show only ${f.filter}`} onClick={() => look(f)}>
                <strong>
                  <span class="hidden">{f.severity}: </span>
                  {f.title}
                </strong>
                {f.text && <span>{f.text}</span>}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="empty">
          {error
            ? error.message
            : data && !data.detections
              ? 'No detections yet: this version looks for none.'
              : data
                ? 'Nothing found in this range.'
                : busy
                  ? 'Loading …'
                  : 'No data yet.'}
        </p>
      )}
    </Section>
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
                {of(p) ? (
                  <>
                    <span class="track">
                      <Bar part={(of(p) ?? 0) / max} />
                    </span>
                    <span class="num">{quantity(of(p), m === 'opened' ? 'records' : m)}</span>
                  </>
                ) : (
                  <span class={p.denied ? 'num red-text' : 'num'}>
                    {p.denied ? `${count(p.denied)} stopped` : `${count(p.r)} records`}
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="empty">{facets.value.busy ? 'Loading …' : 'No ports in this view.'}</p>
      )}
    </Section>
  );
}
