// Small pieces that several panels are made of.
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Timeline } from './api/panels';
import type { Provider, Verdict } from './api/words';
import type { Glyph } from './glyph';
import { iconOf } from './icons';
import { packed } from './packs';

export const Icon = ({ name, size = 16 }: { name: Glyph; size?: number }) => (
  <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
    <use href={`glyphs.svg#${name}`} />
  </svg>
);

/** KindIcon is the tinted square of a node. */
export const KindIcon = ({
  kind,
  provider,
  country,
  size = 20,
}: {
  kind: string;
  provider?: Provider;
  country?: string;
  size?: number;
}) => {
  const of = packed(kind);
  if (of) return <img src={of.data} alt="" width={size} height={size} />;
  return (
    <span class={`kind p-${provider || 'none'}`} ref={(e) => e?.style.setProperty('--size', `${size}px`)}>
      {country && kind === 'net.country' ? (
        <b>{country.slice(0, 2)}</b>
      ) : (
        <Icon name={iconOf(kind).glyph} size={Math.round(size * 0.68)} />
      )}
    </span>
  );
};

/** Bar is a row's background, as long as its part of the largest. */
export function Bar({ part, red }: { part: number; red?: boolean }) {
  const ref = useRef<HTMLSpanElement>(null);
  // Set through the CSSOM: the page's policy allows no style attributes.
  useLayoutEffect(() => {
    ref.current?.style.setProperty('width', `${Math.max(2, Math.min(100, part * 100))}%`);
  }, [part]);
  return <span class={red ? 'bar red' : 'bar'} ref={ref} aria-hidden="true" />;
}

export const Tile = ({
  title,
  value,
  note,
  red,
}: {
  title: string;
  value: string;
  note?: string;
  red?: boolean;
}) => (
  <div class={red ? 'tile red' : 'tile'}>
    <dt>{title}</dt>
    <dd>
      {value}
      {note && <small>{note}</small>}
    </dd>
  </div>
);

export const VerdictBadge = ({ v }: { v: Verdict }) => <span class={`verdict ${v}`}>{v}</span>;

export const Section = ({
  title,
  children,
  extra,
}: {
  title: string;
  children: ComponentChildren;
  extra?: ComponentChildren;
}) => (
  <section class="part" aria-label={title}>
    <h2>
      {title} {extra}
    </h2>
    {children}
  </section>
);

interface SparkProps {
  values: (number | null)[];
  red?: boolean;
}

/** Spark is a small line over time; a gap where nothing is known. What it says stands beside it in words. */
export function Spark({ values, red }: SparkProps): JSX.Element | null {
  const known = values.filter((v): v is number => v !== null);
  if (known.length < 2) return null;
  const max = Math.max(...known, 1e-9);
  const [w, h] = [280, 36];
  const x = (i: number) => (i / (values.length - 1)) * w;
  const y = (v: number) => h - 2 - (v / max) * (h - 5);
  let d = '';
  let area = '';
  let open = -1;
  values.forEach((v, i) => {
    if (v === null) {
      if (open >= 0) area += `L${x(i - 1).toFixed(1)} ${h}Z`;
      open = -1;
      return;
    }
    const p = `${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    d += `${open < 0 ? 'M' : 'L'}${p}`;
    area += open < 0 ? `M${x(i).toFixed(1)} ${h}L${p}` : `L${p}`;
    open = i;
  });
  if (open >= 0) area += `L${x(values.length - 1).toFixed(1)} ${h}Z`;
  return (
    <svg
      class={red ? 'spark red' : 'spark'}
      viewBox={`0 0 ${w} ${h}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="area" d={area} />
      <path class="line" d={d} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** valuesOf adds columns of a timeline; null where none of them knows. */
export function valuesOf(
  t: Timeline,
  verdicts: Verdict[],
  what: 'bytes' | 'records' | 'packets',
): (number | null)[] {
  const columns = verdicts.map((v) => t[v]?.[what]).filter((c): c is (number | null)[] => Boolean(c));
  const n = Math.max(0, ...columns.map((c) => c.length));
  return Array.from({ length: n }, (_, i) => {
    let sum: number | null = null;
    for (const c of columns) if (c[i] != null) sum = (sum ?? 0) + (c[i] as number);
    return sum;
  });
}
