import { useLayoutEffect, useRef } from 'preact/hooks';
import { count, passed, quantity, stopped, unit } from '../format';
import { iconOf } from '../icons';
import { view } from '../state';
import { KindIcon, VerdictBadge } from '../ui';
import { layout, scene } from './model';
import type { Over } from './mouse';

/** HoverCard says in a few lines what lies under the pointer. */
export function HoverCard({ x, y, node, edge, frame }: Over) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const el = ref.current!;
    const out = el.parentElement!.getBoundingClientRect();
    const r = el.getBoundingClientRect();
    const top = y + 18 + r.height > out.height ? y - r.height - 10 : y + 18;
    el.style.left = `${Math.max(8, Math.min(x + 14, out.width - r.width - 8))}px`;
    el.style.top = `${Math.max(8, Math.min(top, out.height - r.height - 8))}px`;
  });
  return (
    <div class="hover" ref={ref} aria-hidden="true">
      {node ? <NodeLines id={node} /> : edge ? <EdgeLines k={edge} /> : <FrameLines id={frame} />}
    </div>
  );
}

/** FrameLines say what a box is: a network, a subnet, a part of the outside. */
function FrameLines({ id }: { id: string }) {
  const f = layout.value?.frames.find((x) => x.frame.id === id)?.frame;
  if (!f) return null;
  const g = f.group;
  const facts = [g?.cidr?.join(', '), g?.region, g?.account, g?.tier];
  return (
    <>
      <p>
        <strong>{f.label}</strong>
      </p>
      <p class="muted">{facts.filter(Boolean).join(' · ')}</p>
      {g?.endpoints ? <p>{count(g.endpoints)} endpoints</p> : null}
    </>
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
        <KindIcon
          kind={n?.kind ?? card.kind}
          provider={card.provider}
          country={(n ?? card).country}
          size={18}
        />
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
      {!n && <p class="muted">{count(card.tiles.length)} hosts</p>}
      {card.self !== undefined && card.id === id && (
        <p class="muted">
          within itself {card.self === null ? 'an unknown amount' : quantity(card.self, m) + unit(m)}
        </p>
      )}
      {card.denied > 0 && <p class="red-text">{count(card.denied)} records stopped</p>}
      {(n?.expandable || card.group) && (
        <p class="muted">Double-click to {card.cluster ? 'look closer' : card.group ? 'close' : 'open'}</p>
      )}
    </>
  );
}

function EdgeLines({ k }: { k: string }) {
  const s = scene.value;
  const all = [...(s?.strokes ?? []), ...(s?.single ?? [])].filter((x) => x.key === k);
  const e = all[0] && { ...all[0].edge, verdicts: Object.assign({}, ...all.map((x) => x.edge.verdicts)) };
  if (!s || !e) return null;
  const many = Math.max(...all.map((x) => x.of?.length ?? 1));
  const m = view.value.metric;
  const name = (id: string) => s.nodes.get(id)?.label ?? s.cardOf.get(id)?.label ?? id;
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
      {many > 1 && <p class="muted">{count(many)} paths; point at a host to see its own</p>}
      {e.answer === 'none' && e.verdicts.allowed && <p class="muted">let through, but never answered</p>}
      <p class="muted">
        {(e.ports ?? []).map((p) => `${p.port ?? p.proto}${p.name ? ` ${p.name}` : ''}`).join(', ')}
        {e.morePorts ? ` and ${e.morePorts} more` : ''}
      </p>
    </>
  );
}
