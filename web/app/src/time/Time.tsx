// The bottom strip: the range in words, its presets, and the brush over time.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { bucket, bytes, count, dates, day, clock as hours, span } from '../format';
import { Notes } from '../map/Bars';
import { chooseRange, clock, go, graph, meta, moveTime, timeline, times, view } from '../state';
import { Icon } from '../ui';
import type { Times, Window } from '../view';
import { bars, dragged, type Grip, ticks } from './brush';

const presets: [Window, string, string][] = [
  ['1h', '1h', 'last hour'],
  ['6h', '6h', 'last 6 hours'],
  ['24h', '24h', 'last 24 hours'],
  ['7d', '7d', 'last 7 days'],
  ['all', 'all', 'all of the data'],
];

export function Time() {
  const t = times.value;
  const live = useSignal<[number, number] | null>(null);
  const range = live.value ?? t?.range;
  const step = timeline.value.data?.step;
  return (
    <footer class="time" aria-label="Time">
      <div class="time-text">
        {t && range ? (
          <>
            <strong>{span(range[0], range[1])}</strong>
            <p class="muted">
              {dates(range[0], range[1])} UTC{step ? ` · ${bucket(step)} bins` : ''}
            </p>
            <div class="presets" role="group" aria-label="Time range">
              <button
                type="button"
                class="square"
                aria-label="Earlier"
                title="Earlier (,)"
                onClick={() => moveTime(-1)}
              >
                <Icon name="chevron-left" size={13} />
              </button>
              {presets.map(([id, text, title]) => (
                <button
                  type="button"
                  key={id}
                  aria-pressed={t.win === id}
                  title={title}
                  onClick={() => go({ win: id, from: '', to: '', end: '' })}
                >
                  {text}
                </button>
              ))}
              <button
                type="button"
                class="square"
                aria-label="Later"
                title="Later (.)"
                onClick={() => moveTime(1)}
              >
                <Icon name="chevron-right" size={13} />
              </button>
            </div>
          </>
        ) : (
          <strong>{meta.value.data && !clock.value ? 'No data yet' : ' '}</strong>
        )}
      </div>
      <div class="time-main">
        {t && <Brush t={t} live={live.value} setLive={(r) => (live.value = r)} />}
        <Notes />
      </div>
    </footer>
  );
}

const high = 60;

function Brush({
  t,
  live,
  setLive,
}: {
  t: Times;
  live: [number, number] | null;
  setLive: (r: [number, number] | null) => void;
}) {
  const ref = useRef<SVGSVGElement>(null);
  const width = useSignal(1000);
  useEffect(() => {
    const watch = new ResizeObserver((e) => {
      const w = e[0].contentRect.width;
      if (w > 0) width.value = w;
    });
    watch.observe(ref.current!.parentElement!);
    return () => watch.disconnect();
  }, []);
  const w = width.value;
  const line = timeline.value.data;
  const metric = view.value.metric === 'opened' ? 'records' : view.value.metric;
  const notes = Boolean(graph.value.data?.notes?.length || graph.value.data?.behindNAT?.r);
  const shapes = line ? bars(line, metric, t.window, w, high, notes ? 13 : 0) : [];
  const range = live ?? t.range;
  const [a, b] = t.window;
  const x = (at: number) => ((at - a) / (b - a)) * w;
  const stepMs = (line?.step ?? 300) * 1000;

  const drag = useRef<{ grip: Grip; from: number; start: [number, number]; moved: boolean } | null>(null);
  const timeAt = (e: PointerEvent) => {
    const r = ref.current!.getBoundingClientRect();
    return a + ((e.clientX - r.left) / r.width) * (b - a);
  };
  const down = (e: PointerEvent) => {
    if (e.button) return;
    const at = timeAt(e);
    const px = (v: number) => Math.abs(x(v) - x(at));
    const all = range[0] <= a && range[1] >= b;
    const grip: Grip =
      px(range[0]) < 9
        ? 'from'
        : px(range[1]) < 9
          ? 'to'
          : !all && at > range[0] && at < range[1]
            ? 'all'
            : 'new';
    drag.current = { grip, from: at, start: [range[0], range[1]], moved: false };
    ref.current!.setPointerCapture(e.pointerId);
  };
  const move = (e: PointerEvent) => {
    const d = drag.current;
    if (!d) return;
    const at = timeAt(e);
    if (!d.moved && Math.abs(x(at) - x(d.from)) < 3) return;
    d.moved = true;
    setLive(dragged(d.grip, d.start, d.from, at, t.window, stepMs));
  };
  const up = () => {
    const d = drag.current;
    drag.current = null;
    if (d?.moved && live) chooseRange(live[0], live[1]);
    setLive(null);
  };
  const nudge = (e: KeyboardEvent, grip: 'from' | 'to') => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -6, PageUp: 6 }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    const [from, to] = dragged(grip, [range[0], range[1]], 0, by * stepMs, t.window, stepMs);
    chooseRange(from, to);
  };

  const handle = (grip: 'from' | 'to') => {
    const at = grip === 'from' ? range[0] : range[1];
    return (
      <g
        role="slider"
        // SVG attributes are case-sensitive: tabIndex would not take the focus.
        tabindex={0}
        class="handle"
        aria-label={grip === 'from' ? 'Begin of the range' : 'End of the range'}
        aria-valuemin={a}
        aria-valuemax={b}
        aria-valuenow={at}
        aria-valuetext={`${day(at)} ${hours(at)}`}
        onKeyDown={(e) => nudge(e, grip)}
      >
        <line x1={x(at)} x2={x(at)} y1={0} y2={high} />
        <rect x={x(at) - 3.5} y={high / 2 - 9} width={7} height={18} rx={3.5} />
      </g>
    );
  };
  const labels = ticks(t.window, w);
  const days = b - a > 8.64e7 * 1.6;
  return (
    <svg
      ref={ref}
      class="brush"
      width={w}
      height={high + 18}
      viewBox={`0 0 ${w} ${high + 18}`}
      role="group"
      aria-label="Traffic over time"
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      <rect
        class="chosen"
        x={x(range[0])}
        y={0}
        width={Math.max(0, x(range[1]) - x(range[0]))}
        height={high}
      />
      <line class="base" x1={0} x2={w} y1={high + 0.5} y2={high + 0.5} />
      {line?.gaps?.map((g) => (
        <rect
          key={g.from}
          class="gap"
          x={x(Date.parse(g.from))}
          y={high + 1}
          width={Math.max(2, x(Date.parse(g.to)) - x(Date.parse(g.from)))}
          height={3}
        >
          <title>Logs lost records here</title>
        </rect>
      ))}
      {shapes.map((s) => {
        const on = s.at + stepMs / 2 >= range[0] && s.at + stepMs / 2 <= range[1];
        return (
          <g key={s.i} class={on ? 'on' : ''}>
            <title>{tip(s.i, s.at)}</title>
            <rect class="through" x={s.x} y={s.through[0]} width={s.w} height={s.through[1]} />
            {s.stopped[1] > 0 && (
              <rect class="no" x={s.x} y={s.stopped[0]} width={s.w} height={s.stopped[1]} />
            )}
            <rect class="hit" x={s.x} y={0} width={s.w} height={high} />
          </g>
        );
      })}
      {handle('from')}
      {handle('to')}
      {labels.map((l) => (
        <text
          key={l}
          x={Math.min(w - 2, Math.max(2, x(l)))}
          y={high + 14}
          text-anchor={x(l) < 20 ? 'start' : x(l) > w - 20 ? 'end' : 'middle'}
        >
          {days && new Date(l).getUTCHours() === 0 ? day(l) : hours(l)}
        </text>
      ))}
    </svg>
  );
}

function tip(i: number, at: number): string {
  const l = timeline.value.data;
  const n = (v: 'allowed' | 'unknown') => l?.[v]?.bytes[i] ?? null;
  const through =
    n('allowed') === null && n('unknown') === null ? null : (n('allowed') ?? 0) + (n('unknown') ?? 0);
  const no = (l?.denied?.records[i] ?? 0) + (l?.dropped?.records[i] ?? 0);
  return `${day(at)} ${hours(at)}: ${bytes(through)} let through, ${count(no)} records stopped`;
}
