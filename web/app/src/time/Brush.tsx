// The brush over time: bars by verdict, gaps of the logs, and the chosen range.
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Timeline } from '../api/panels';
import { day, clock as hours, span } from '../format';
import { chooseRange, graph, timeline, view } from '../state';
import type { Times } from '../view';
import { bars, dragged, type Grip, ticks } from './brush';
import { chartText, gapsIn, gapText, parts } from './told';

type Span = [number, number];
const high = 60;

interface BrushProps {
  t: Times;
  live: Span | null; // while dragging
  setLive: (r: Span | null) => void;
}

export function Brush({ t, live, setLive }: BrushProps) {
  const ref = useRef<SVGSVGElement>(null);
  const width = useSignal(1000);
  const over = useSignal(-1); // the bin under the pointer
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
  const range = live ?? t.range;
  const [a, b] = t.window;
  const x = (at: number) => ((at - a) / (b - a)) * w;
  const stepMs = (line?.step ?? 300) * 1000;

  const drag = useRef<{ grip: Grip; from: number; start: Span; moved: boolean } | null>(null);
  const timeAt = (e: MouseEvent) => {
    const r = ref.current!.getBoundingClientRect();
    return a + ((e.clientX - r.left) / r.width) * (b - a);
  };
  const down = (e: PointerEvent) => {
    if (e.button) return;
    const at = timeAt(e);
    const px = (v: number) => Math.abs(x(v) - x(at));
    const all = range[0] <= a && range[1] >= b;
    const inside = !all && at > range[0] && at < range[1];
    const grip: Grip = px(range[0]) < 9 ? 'from' : px(range[1]) < 9 ? 'to' : inside ? 'all' : 'new';
    drag.current = { grip, from: at, start: [range[0], range[1]], moved: false };
    ref.current!.setPointerCapture(e.pointerId);
  };
  const move = (e: PointerEvent) => {
    const at = timeAt(e);
    over.value = line ? Math.floor((at - Date.parse(line.t0)) / stepMs) : -1;
    const d = drag.current;
    if (!d || (!d.moved && Math.abs(x(at) - x(d.from)) < 3)) return;
    d.moved = true;
    setLive(dragged(d.grip, d.start, d.from, at, t.window, stepMs));
  };
  const up = () => {
    if (drag.current?.moved && live) chooseRange(live[0], live[1]);
    drag.current = null;
    setLive(null);
  };
  return (
    <>
      <svg
        ref={ref}
        class="brush"
        width={w}
        height={high + 18}
        viewBox={`0 0 ${w} ${high + 18}`}
        role="group"
        aria-label="Traffic over time"
        aria-describedby="brush-text"
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerLeave={() => (over.value = -1)}
        onDblClick={() => chooseRange(a, b)}
      >
        <Patterns />
        <rect
          class="chosen"
          x={x(range[0])}
          y={0}
          width={Math.max(0, x(range[1]) - x(range[0]))}
          height={high}
        />
        <line class="base" x1={0} x2={w} y1={high + 0.5} y2={high + 0.5} />
        {line && gapsIn(line, a, b).map((g) => <Gap key={g.from} g={g} x={x} w={w} />)}
        {line && <Bars line={line} t={t} range={range} w={w} />}
        {(['from', 'to'] as const).map((grip) => (
          <Handle key={grip} grip={grip} t={t} range={range} x={x} stepMs={stepMs} />
        ))}
        <Axis window={t.window} x={x} w={w} />
      </svg>
      {line && (
        <p class="hidden" id="brush-text">
          {chartText(line)}
        </p>
      )}
      {line && over.value >= 0 && <Tip line={line} i={over.value} x={x} w={w} />}
    </>
  );
}

/** Verdicts and gaps are told apart by pattern, too. */
const Patterns = () => (
  <defs>
    {(['unknown', 'dropped', 'gap'] as const).map((id) => (
      <pattern
        key={id}
        id={`hatch-${id}`}
        class={id}
        width="5"
        height="5"
        patternUnits="userSpaceOnUse"
        patternTransform={id === 'unknown' ? 'rotate(-45)' : id === 'gap' ? 'rotate(45)' : undefined}
      >
        <rect width="5" height="5" class="paper" />
        {id === 'dropped' ? <circle cx="2.500" cy="2.500" r="1.300" /> : <rect width="2" height="5" />}
      </pattern>
    ))}
  </defs>
);

interface GapProps {
  g: { from: string; to: string };
  x: (at: number) => number;
  w: number;
}

function Gap({ g, x, w }: GapProps) {
  const [from, to] = [Math.max(0, x(Date.parse(g.from))), Math.min(w, x(Date.parse(g.to)))];
  return <rect class="gap" x={from} y={0} width={Math.max(2, to - from)} height={high} />;
}

interface BarsProps {
  line: Timeline;
  t: Times;
  range: Span;
  w: number;
}

function Bars({ line, t, range, w }: BarsProps) {
  const { metric } = view.value;
  const notes = Boolean(graph.value.data?.notes?.length || graph.value.data?.behindNAT?.r);
  const half = line.step * 500;
  return (
    <>
      {bars(line, metric === 'opened' ? 'records' : metric, t.window, w, high, notes ? 13 : 0).map((s) => (
        <g key={s.i} class={s.at + half >= range[0] && s.at + half <= range[1] ? 'on' : ''}>
          {s.parts.map((p) => (
            <rect key={p.v} class={`v-${p.v}`} x={s.x} y={p.y} width={s.w} height={p.h} />
          ))}
        </g>
      ))}
    </>
  );
}

interface HandleProps {
  grip: 'from' | 'to';
  t: Times;
  range: Span;
  x: (at: number) => number;
  stepMs: number;
}

function Handle({ grip, t, range, x, stepMs }: HandleProps) {
  const at = range[grip === 'from' ? 0 : 1];
  const [a, b] = t.window;
  const key = (e: KeyboardEvent) => {
    const whole = b - a;
    const by = {
      ArrowLeft: -stepMs,
      ArrowDown: -stepMs,
      ArrowRight: stepMs,
      ArrowUp: stepMs,
      PageDown: -6 * stepMs,
      PageUp: 6 * stepMs,
      Home: -whole,
      End: whole,
    }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    // A handle stops at the other one.
    const room = Math.max(0, range[1] - range[0] - stepMs);
    const most = grip === 'from' ? Math.min(by, room) : Math.max(by, -room);
    if (most) chooseRange(...dragged(grip, [range[0], range[1]], 0, most, t.window, stepMs));
  };
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
      aria-valuetext={`${day(at)} ${hours(at)} UTC`}
      onKeyDown={key}
    >
      <line x1={x(at)} x2={x(at)} y1={0} y2={high} />
      <rect x={x(at) - 3.5} y={high / 2 - 9} width={7} height={18} rx={3.5} />
    </g>
  );
}

function Axis({ window, x, w }: { window: Span; x: (at: number) => number; w: number }) {
  const days = window[1] - window[0] > 8.64e7 * 1.6;
  return (
    <>
      {ticks(window, w).map((l) => (
        <text
          key={l}
          x={Math.min(w - 2, Math.max(2, x(l)))}
          y={high + 14}
          text-anchor={x(l) < 20 ? 'start' : x(l) > w - 20 ? 'end' : 'middle'}
        >
          {days && new Date(l).getUTCHours() === 0 ? day(l) : hours(l)}
        </text>
      ))}
    </>
  );
}

interface TipProps {
  line: Timeline;
  i: number;
  x: (at: number) => number;
  w: number;
}

/** Tip is what the bin under the pointer holds. */
function Tip({ line, i, x, w }: TipProps) {
  const ref = useRef<HTMLDivElement>(null);
  const at = Date.parse(line.t0) + i * line.step * 1000;
  const end = at + line.step * 1000;
  const list = parts(line, i);
  useLayoutEffect(() => {
    const el = ref.current!;
    const left = x((at + end) / 2) - el.offsetWidth / 2;
    el.style.setProperty('left', `${Math.max(0, Math.min(w - el.offsetWidth, left))}px`);
  });
  return (
    <div class="hover tip" ref={ref} aria-hidden="true">
      <b>{span(at, end)}</b>
      {list.map((p) => (
        <span key={p.v}>
          <i class={`sw v-${p.v}`} /> {p.text}
        </span>
      ))}
      {list.length === 0 && <span>no records</span>}
      {gapsIn(line, at, end).map((g) => (
        <span key={g.from}>{gapText(g)}</span>
      ))}
    </div>
  );
}
