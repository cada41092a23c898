// The minimap: the whole map in a corner, only while a part of it is outside
// the window. It is for the pointer; for others everything is in the list.
import { useEffect, useRef } from 'preact/hooks';
import { outside, type Small, smallOf } from './minimap';
import { bottom, layout, room, size, theme } from './model';
import { at, mapZoom } from './zoom';

const width = 156;
const height = 104;
const px = (n: number): string => `${n.toFixed(1)}px`;

export function Minimap() {
  const ref = useRef<HTMLCanvasElement>(null);
  const l = layout.value;
  const { w, h } = size.value;
  const seen = { x: 0, y: room.top - 10, w, h: h - room.top - bottom.value + 20 };
  const shown = l && w > 620 && outside(l.size, at.value, seen);
  const small = shown ? smallOf(l.size, width, height) : null;
  const t = theme.value;
  const drawn = Boolean(small);
  useEffect(() => {
    const g = ref.current?.getContext('2d');
    if (!g || !small || !l) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    ref.current!.width = width * ratio;
    ref.current!.height = height * ratio;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.globalAlpha = 0.28;
    for (const f of l.frames) {
      g.fillStyle = t.provider[f.frame.provider];
      area(g, small, f.box);
    }
    g.globalAlpha = 1;
    g.fillStyle = t.muted;
    for (const b of l.cards.values()) area(g, small, b);
  }, [l, t, drawn]);
  if (!small) return null;
  const go = (e: PointerEvent) => {
    if (e.type === 'pointermove' && !e.buttons) return;
    const c = e.currentTarget as HTMLElement;
    if (e.type === 'pointerdown') c.setPointerCapture(e.pointerId);
    const r = c.getBoundingClientRect();
    mapZoom.to(...small.back(e.clientX - r.left, e.clientY - r.top));
  };
  const [x, y] = at.value.invert([0, seen.y]);
  const part = {
    left: px(small.x(x)),
    top: px(small.y(y)),
    width: px((w / at.value.k) * small.k),
    height: px((seen.h / at.value.k) * small.k),
  };
  return (
    <div
      class="minimap"
      style={{ bottom: px(bottom.value) }}
      aria-hidden="true"
      onPointerDown={go}
      onPointerMove={go}
    >
      <canvas ref={ref} />
      <i style={part} />
    </div>
  );
}

function area(
  g: CanvasRenderingContext2D,
  s: Small,
  b: { x: number; y: number; w: number; h: number; round?: boolean },
): void {
  g.beginPath();
  const [w, h] = [Math.max(1, b.w * s.k), Math.max(1, b.h * s.k)];
  g.roundRect(s.x(b.x), s.y(b.y), w, h, b.round ? w / 2 : 1.5);
  g.fill();
}
