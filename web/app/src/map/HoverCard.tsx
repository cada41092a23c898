import { useLayoutEffect, useRef } from 'preact/hooks';
import { count, passed, quantity, stopped, unit } from '../format';
import { iconOf } from '../icons';
import { view } from '../state';
import { KindIcon, VerdictBadge } from '../ui';
import { scene } from './model';

/** HoverCard says in a few lines what lies under the pointer. */
export function HoverCard({ x, y, node, edge }: { x: number; y: number; node: string; edge: string }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const el = ref.current!;
    const out = el.parentElement!.getBoundingClientRect();
    const r = el.getBoundingClientRect();
    el.style.left = `${Math.min(x + 14, out.width - r.width - 8)}px`;
    el.style.top = `${y + 18 + r.height > out.height ? y - r.height - 10 : y + 18}px`;
  });
  return (
    <div class="hover" ref={ref} aria-hidden="true">
      {node ? <NodeLines id={node} /> : <EdgeLines k={edge} />}
    </div>
  );
}

function NodeLines({ id }: { id: string }) {
  const card = scene.value?.cardOf.get(id);
  const n = scene.value?.nodes.get(id);
  if (!card) return null;
  const m = view.value.metric;
  const label = n?.label ?? card.label;
  const value = (c: { b?: number | null; p?: number | null; r: number; o?: number | null } | undefined) =>
    c ? quantity(m === 'bytes' ? c.b : m === 'packets' ? c.p : m === 'opened' ? c.o : c.r, m) + unit(m) : '–';
  return (
    <>
      <p class="hover-head">
        <KindIcon kind={n?.kind ?? card.kind} provider={card.provider} country={n?.country} size={18} />
        <strong>{label}</strong>
      </p>
      <p class="muted">
        {[
          iconOf(n?.kind ?? card.kind).title,
          n?.detail,
          (n?.count ?? 1) > 1 ? `${count(n?.count)} endpoints` : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {n && (
        <p>
          in <b>{value(n.in)}</b> · out <b>{value(n.out)}</b>
        </p>
      )}
      {card.denied > 0 && <p class="red-text">{count(card.denied)} records denied</p>}
      {(n?.expandable || card.group) && <p class="muted">Double-click to {card.group ? 'close' : 'open'}</p>}
    </>
  );
}

function EdgeLines({ k }: { k: string }) {
  const s = scene.value;
  const e = s?.strokes.find((x) => x.key === k)?.edge;
  if (!s || !e) return null;
  const m = view.value.metric;
  const name = (id: string) => s.nodes.get(id)?.label ?? id;
  const through = passed(e.verdicts, m);
  return (
    <>
      <p class="hover-head">
        <strong>
          {name(e.s)} → {name(e.t)}
        </strong>
      </p>
      {(e.verdicts.allowed || e.verdicts.unknown) && (
        <p>
          <b>
            {quantity(through, m)}
            {unit(m)}
          </b>{' '}
          <VerdictBadge v={e.verdicts.allowed ? 'allowed' : 'unknown'} />
        </p>
      )}
      {stopped(e.verdicts) > 0 && <p class="red-text">{count(stopped(e.verdicts))} records stopped</p>}
      {e.answer === 'none' && <p class="muted">let through, but no answer was seen</p>}
      <p class="muted">
        {(e.ports ?? []).map((p) => `${p.port ?? p.proto}${p.name ? ` ${p.name}` : ''}`).join(', ')}
        {e.morePorts ? ` and ${e.morePorts} more` : ''}
      </p>
    </>
  );
}
