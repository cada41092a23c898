// What floats over the map: the bar of choices, the legend, zoom, and chips
// that say what the picture leaves out.

import type { JSX } from 'preact';
import { FindButton } from '../act/Find';
import { nameOf } from '../act/target';
import type { Level, Metric, Show } from '../api/words';
import { quantity, unit } from '../format';
import { providerNames } from '../icons';
import { go, meta, tabled, toggleExpand, toLevel, view } from '../state';
import { Icon } from '../ui';
import type { View } from '../view';
import { scale, scene } from './model';
import { mapZoom } from './zoom';

interface Choice<T extends string> {
  id: T;
  text: string;
}

function Group<T extends string>({
  name,
  value,
  main,
  more,
  set,
}: {
  name: string;
  value: T;
  main: Choice<T>[];
  more: Choice<T>[];
  set: (v: T) => void;
}) {
  const inMore = more.find((m) => m.id === value);
  return (
    <div class="choice" role="group" aria-label={name}>
      <span class="choice-name" aria-hidden="true">
        {name}
      </span>
      <div class="segments">
        {main.map((c) => (
          <button type="button" key={c.id} aria-pressed={c.id === value} onClick={() => set(c.id)}>
            {c.text}
          </button>
        ))}
        {more.length > 0 && (
          <span class={inMore ? 'more on' : 'more'}>
            <select
              aria-label={`More: ${name}`}
              value={inMore ? value : ''}
              onChange={(e) => e.currentTarget.value && set(e.currentTarget.value as T)}
            >
              <option value="">…</option>
              {more.map((c) => (
                <option key={c.id} value={c.id}>
                  {c.text}
                </option>
              ))}
            </select>
            <Icon name="chevron-down" size={11} />
          </span>
        )}
      </div>
    </div>
  );
}

const mainLevels: Choice<Level>[] = [
  { id: 'network', text: 'Network' },
  { id: 'subnet', text: 'Subnet' },
  { id: 'service', text: 'Service' },
  { id: 'host', text: 'Host' },
];
const moreLevels: Choice<Level>[] = [
  { id: 'provider', text: 'Provider' },
  { id: 'account', text: 'Account' },
  { id: 'region', text: 'Region' },
];
const mainMetrics: Choice<Metric>[] = [
  { id: 'bytes', text: 'Bytes' },
  { id: 'packets', text: 'Packets' },
  { id: 'records', text: 'Records' },
];
const moreMetrics: Choice<Metric>[] = [{ id: 'opened', text: 'Opened' }];
const mainShows: Choice<Show>[] = [
  { id: 'all', text: 'All' },
  { id: 'allowed', text: 'Allowed' },
  { id: 'denied', text: 'Denied' },
];
const moreShows: Choice<Show>[] = [
  { id: 'dropped', text: 'Dropped' },
  { id: 'unknown', text: 'Unknown' },
];

const layouts: Choice<View['layout'] | 'table'>[] = [
  { id: 'tiers', text: 'Tiers' },
  { id: 'force', text: 'Force' },
  { id: 'table', text: 'Table' },
];

export function Bar() {
  const v = view.value;
  const levels = meta.value.data?.levels;
  const has = (c: Choice<Level>) => !levels || levels.includes(c.id);
  return (
    <div class="bar-box" role="toolbar" aria-label="What the map shows">
      <Group
        name="Level"
        value={v.level}
        main={mainLevels.filter(has)}
        more={moreLevels.filter(has)}
        set={(level) => toLevel(level)}
      />
      <Group
        name="Width"
        value={v.metric}
        main={mainMetrics}
        more={moreMetrics}
        set={(metric) => go({ metric })}
      />
      <Group name="Show" value={v.show} main={mainShows} more={moreShows} set={(show) => go({ show })} />
      <Group
        name="Layout"
        value={tabled.value ? 'table' : v.layout}
        main={layouts}
        more={[]}
        set={(l) => go(l === 'table' ? { view: l } : { view: 'map', layout: l })}
      />
      {v.layout === 'force' && !tabled.value && (
        <div class="segments">
          <button
            type="button"
            aria-pressed={v.freeze}
            aria-label="Freeze"
            title="Freeze (Z)"
            onClick={() => go({ freeze: !v.freeze })}
          >
            <Icon name="snowflake" size={12} /> <span class="freeze-name">Freeze</span>
          </button>
        </div>
      )}
    </div>
  );
}

const Sign = ({ d, of, name }: { d: string; of: string; name: string }) => (
  <svg width="34" height="12" viewBox="0 0 34 12" class={name} aria-hidden="true">
    <path d={d} />
    <path class="sign" d={of} />
  </svg>
);

/** Legend explains what is on the picture now, and nothing else. */
export function Legend() {
  const s = scene.value;
  if (!s?.frames.length || tabled.value) return null;
  const { lo, hi } = scale.value;
  const m = s.metric;
  const has = (v: string) => s.strokes.some((k) => k.verdict === v);
  const cards = [...new Set(s.cardOf.values())];
  const flat = view.value.layout === 'tiers';
  const list: [boolean, JSX.Element | null, string, string?][] = [
    [
      (has('allowed') || has('unknown')) && hi > lo,
      <span key="w" class="widths">
        <i class="w1" />
        <i class="w2" />
        <i class="w3" />
      </span>,
      [lo, Math.sqrt(lo * hi), hi].map((x) => quantity(x, m)).join(' · ') + unit(m),
    ],
    [
      has('denied'),
      <Sign key="d" name="no" d="M0 6h22" of="M26 1a5 5 0 1 0 .1 0M23.2 6h5.6" />,
      'denied, stops at boundary',
    ],
    [
      has('dropped'),
      <Sign key="r" name="drop" d="M0 6h20" of="M26 .5 31.5 6 26 11.5 20.5 6Z" />,
      'dropped',
      'By routing or the network itself',
    ],
    [
      has('unknown'),
      <Sign key="u" name="mute" d="M0 6h20" of="M29 6 20 2v8Z" />,
      'verdict not logged',
      'The logs do not say whether this was allowed (Google Cloud flow logs never do)',
    ],
    [
      s.strokes.some((k) => k.answer === 'none' && k.verdict === 'allowed'),
      <i key="a" class="open">
        ?
      </i>,
      'allowed, never answered',
    ],
    [
      flat && cards.some((c) => c.self !== undefined),
      <Sign key="s" name="self" d="M9 0c0 11 14 11 14 5" of="M23 1l3 5h-6Z" />,
      'within itself',
    ],
    [
      flat && cards.some((c) => c.node?.expandable && (c.node.count ?? 1) > 1),
      <i key="o" class="stack" />,
      'several: double-click opens',
    ],
    ...(['aws', 'gcp', 'azure'] as const).map((p): [boolean, JSX.Element, string] => [
      cards.some((c) => c.provider === p),
      <i key={p} class={`sq p-${p}`} />,
      providerNames[p],
    ]),
  ];
  const shown = list.filter(([is]) => is);
  if (!shown.length) return null;
  return (
    <details class="legend" aria-label="Legend" open={innerWidth > 799}>
      <summary>Legend</summary>
      {shown.map(([, mark, text, title]) => (
        <span key={text} title={title}>
          {mark}
          {text}
        </span>
      ))}
    </details>
  );
}

export const Zoom = () => (
  <div class="zoom" role="group" aria-label="Zoom">
    <FindButton />
    <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => mapZoom.by(1.3)}>
      <Icon name="plus" />
    </button>
    <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => mapZoom.by(1 / 1.3)}>
      <Icon name="minus" />
    </button>
    <button type="button" aria-label="Fit the map" title="Fit (0)" onClick={() => mapZoom.fit()}>
      <Icon name="maximize" />
    </button>
  </div>
);

/** Opened lists what was opened to its members, to close it again. */
export function Opened() {
  const { expand } = view.value;
  if (!expand.length) return null;
  return (
    <p class="opened">
      {expand.slice(0, 8).map((id) => {
        const name = nameOf(id);
        return (
          <button
            type="button"
            class="chip"
            key={id}
            aria-label={`Close: ${name} opened`}
            onClick={() => toggleExpand(id)}
          >
            {name} opened <Icon name="x" size={12} />
          </button>
        );
      })}
    </p>
  );
}
