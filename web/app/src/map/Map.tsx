// The map: a canvas, what the mouse and the keyboard do on it, and the hidden
// list of its nodes for those who do not see it.
import { useSignal, useSignalEffect } from '@preact/signals';
import { select as d3select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { clearSelection, graph, select, selectEdge, toggleExpand, view } from '../state';
import { draw, measurer } from './canvas';
import { flyers } from './flyers';
import { HoverCard } from './HoverCard';
import {
  bottom,
  boxOf,
  hit,
  hover,
  items,
  labels,
  layout,
  marks,
  measure,
  nearest,
  peer,
  ring,
  room,
  scene,
  size,
  summary,
  theme,
} from './model';
import { mapZoom } from './zoom';

export function MapView() {
  const wrap = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const at = useRef<ZoomTransform>(zoomIdentity);
  const fitted = useRef(true);
  const gestured = useRef(false); // the last move was the user's, so more may follow
  const redraw = useRef<() => void>(() => {});
  const card = useSignal<{ x: number; y: number; node: string; edge: string } | null>(null);

  useLayoutEffect(() => {
    const el = wrap.current!;
    const g = canvas.current!.getContext('2d')!;
    measure.value = measurer(g);
    // The web font arrives after the first measure; then everything is measured again.
    document.fonts?.load('600 12px "Inter Variable"').then(() => {
      measure.value = measurer(g);
    });
    const resize = () => {
      const r = el.getBoundingClientRect();
      if (r.width < 10 || r.height < 10) return;
      const ratio = Math.min(devicePixelRatio || 1, 3);
      for (const c of [canvas.current!, over.current!]) {
        c.width = Math.round(r.width * ratio);
        c.height = Math.round(r.height * ratio);
        c.style.width = `${r.width}px`;
        c.style.height = `${r.height}px`;
      }
      if (size.value.w !== r.width || size.value.h !== r.height) size.value = { w: r.width, h: r.height };
      redraw.current();
    };
    const watch = new ResizeObserver(resize);
    watch.observe(el);
    resize();
    return () => watch.disconnect();
  }, []);

  // ---- drawing: sharp when still, a shifted bitmap while a large map moves
  useEffect(() => {
    const c = canvas.current!;
    const g = c.getContext('2d')!;
    let frame = 0;
    let settle = 0;
    let cost = 0; // of the last sharp picture, in milliseconds
    let drawn = at.current; // where it was drawn
    let shot: HTMLCanvasElement | null = null;
    const ratio = () => c.width / Math.max(1, size.value.w);
    const sharp = () => {
      const began = performance.now();
      const t = at.current;
      const r = ratio();
      background(g, c, r, t);
      g.setTransform(r * t.k, 0, 0, r * t.k, r * t.x, r * t.y);
      draw(g, marks.value, t.k);
      cost = performance.now() - began;
      drawn = t;
      shot = null;
    };
    const shifted = () => {
      if (!shot) {
        shot = document.createElement('canvas');
        shot.width = c.width;
        shot.height = c.height;
        shot.getContext('2d')!.drawImage(c, 0, 0);
      }
      const r = ratio();
      const k = at.current.k / drawn.k;
      background(g, c, r, at.current);
      g.setTransform(k, 0, 0, k, r * (at.current.x - drawn.x * k), r * (at.current.y - drawn.y * k));
      g.drawImage(shot, 0, 0);
      clearTimeout(settle);
      settle = window.setTimeout(() => {
        if (!frame) sharp();
      }, 110);
    };
    const fly = flyers(over.current!, () => at.current);
    const schedule = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (cost > 9 && gestured.current && at.current !== drawn) shifted();
        else sharp();
      });
      fly.draw();
    };
    redraw.current = schedule;
    schedule();
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(settle);
      fly.stop();
    };
  }, []);

  useSignalEffect(() => {
    void marks.value;
    void labels.value;
    void ring.value;
    redraw.current();
  });

  // ---- zoom
  useEffect(() => {
    const el = d3select(canvas.current!);
    const z = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.08, 4])
      .on('zoom', (e: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        at.current = e.transform;
        gestured.current = Boolean(e.sourceEvent);
        if (e.sourceEvent) fitted.current = false;
        card.value = null;
        redraw.current();
      });
    el.call(z).on('dblclick.zoom', null);
    const fit = () => {
      const l = layout.value;
      if (!l) return;
      const { w, h } = size.value;
      const narrow = w < 620;
      const roomW = w - room.left - room.right;
      const roomH = h - room.top - bottom.value;
      const whole = Math.min(roomW / l.size.w, roomH / l.size.h, 1.25);
      // On a phone a whole map is too small to read: its height is shown and the rest is a swipe away.
      const k = narrow ? Math.max(whole, Math.min(0.72, roomH / l.size.h)) : whole;
      const x = k * l.size.w > roomW ? room.left : room.left + (roomW - k * l.size.w) / 2;
      const y = room.top + Math.max(0, (roomH - k * l.size.h) / 2);
      fitted.current = true;
      el.call(z.transform, zoomIdentity.translate(x, y).scale(k));
    };
    mapZoom.fit = fit;
    mapZoom.by = (f) => {
      fitted.current = false;
      el.call(z.scaleBy, f);
    };
    mapZoom.show = (id) => {
      const b = boxOf(id);
      if (!b) return;
      const t = at.current;
      const [x, y] = [t.applyX(b.x + b.w / 2), t.applyY(b.y + b.h / 2)];
      const { w, h } = size.value;
      if (x > 20 && x < w - 20 && y > room.top && y < h - 30) return;
      fitted.current = false;
      el.call(z.translateTo, b.x + b.w / 2, b.y + b.h / 2);
    };
    mapZoom.refit = () => {
      if (fitted.current) fit();
    };
    mapZoom.refit();
    return () => {
      el.on('.zoom', null);
    };
  }, []);
  useSignalEffect(() => {
    void layout.value;
    mapZoom.refit();
  });

  // ---- mouse
  const waiting = useRef(0);
  const point = (e: MouseEvent) => {
    const r = canvas.current!.getBoundingClientRect();
    const t = at.current;
    return { x: t.invertX(e.clientX - r.left), y: t.invertY(e.clientY - r.top) };
  };
  const under = (e: MouseEvent) => hit(point(e), 5 / at.current.k);
  const move = (e: PointerEvent) => {
    if (e.buttons || e.pointerType === 'touch') return;
    const h = under(e);
    canvas.current!.style.cursor = h.node || h.edge ? 'pointer' : '';
    const moved = h.node !== hover.value.node || h.edge !== hover.value.edge;
    if (moved) {
      hover.value = h;
      card.value = null;
    }
    clearTimeout(waiting.current);
    if (!h.node && !h.edge) return;
    const r = wrap.current!.getBoundingClientRect();
    const [x, y] = [e.clientX - r.left, e.clientY - r.top];
    waiting.current = window.setTimeout(() => {
      card.value = { ...h, x, y };
    }, 150);
  };
  const leave = () => {
    clearTimeout(waiting.current);
    hover.value = { node: '', edge: '' };
    card.value = null;
  };
  const click = (e: MouseEvent) => {
    const h = under(e);
    if (h.node) select(h.node);
    else if (h.edge) {
      const [s, t] = h.edge.split('\n');
      selectEdge(s, t);
    } else if (view.value.sel || view.value.edge) clearSelection();
  };
  const open = (e: MouseEvent) => {
    const id = under(e).node;
    const c = scene.value?.cardOf.get(id);
    if (!c) return;
    if (c.group) toggleExpand(c.id);
    else if (c.node?.expandable) toggleExpand(id);
  };

  const busy = graph.value.busy;
  return (
    <div class={busy ? 'map busy' : 'map'} ref={wrap}>
      <canvas
        ref={canvas}
        role="application"
        aria-label={`Network map: ${summary.value}`}
        aria-describedby="map-list"
        onPointerMove={move}
        onPointerLeave={leave}
        onClick={click}
        onDblClick={open}
      />
      <canvas class="over" ref={over} aria-hidden="true" />
      {card.value && <HoverCard {...card.value} />}
      <NodeList />
    </div>
  );
}

/** background is the paper: a grid of dots that moves with the map. */
function background(
  g: CanvasRenderingContext2D,
  c: HTMLCanvasElement,
  ratio: number,
  t: ZoomTransform,
): void {
  const th = theme.value;
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.fillStyle = th.back;
  g.globalAlpha = 1;
  g.fillRect(0, 0, c.width, c.height);
  let step = 22 * t.k * ratio;
  while (step < 14 * ratio) step *= 2;
  while (step > 44 * ratio) step /= 2;
  g.fillStyle = th.dots;
  const r = Math.max(1, Math.round(ratio));
  const x0 = (((t.x * ratio) % step) + step) % step;
  const y0 = (((t.y * ratio) % step) + step) % step;
  for (let x = x0; x < c.width; x += step)
    for (let y = y0; y < c.height; y += step) g.fillRect(Math.round(x), Math.round(y), r, r);
}

/** NodeList is the map for the keyboard and the screen reader: one item a node, one of them in the tab order. */
function NodeList() {
  const list = items.value;
  // The one in the tab order: where the focus was last, else the first.
  const roving = useSignal('');
  const current = list.some((i) => i.id === roving.value) ? roving.value : (list[0]?.id ?? '');
  const lastPeer = useRef('');
  const buttons = useRef(new Map<string, HTMLButtonElement>());
  const focus = (id: string) => {
    if (!id) return;
    buttons.current.get(id)?.focus();
  };
  const key = (e: KeyboardEvent, id: string) => {
    const dir = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (dir) {
      e.preventDefault();
      if (e.shiftKey) {
        const from = lastPeer.current.startsWith(`${id}\t`) ? lastPeer.current.split('\t')[1] : '';
        const next = peer(id, from, dir[0] + dir[1]);
        focus(next);
        lastPeer.current = `${next}\t${id}`;
      } else focus(nearest(id, dir[0], dir[1]));
      return;
    }
    if (e.key === 'Enter') {
      e.preventDefault();
      select(id);
    } else if (e.key === ' ') {
      e.preventDefault();
      const c = scene.value?.cardOf.get(id);
      if (c?.group) toggleExpand(c.id);
      else if (c?.node?.expandable) toggleExpand(id);
      else select(id);
    }
  };
  return (
    <ul class="hidden" id="map-list" aria-label="Nodes of the map">
      {list.map((i) => (
        <li key={i.id}>
          <button
            type="button"
            ref={(e) => {
              if (e) buttons.current.set(i.id, e);
              else buttons.current.delete(i.id);
            }}
            tabIndex={i.id === current ? 0 : -1}
            aria-label={i.label}
            aria-pressed={view.value.sel === i.id}
            onFocus={() => {
              ring.value = i.id;
              roving.value = i.id;
              mapZoom.show(i.id);
            }}
            onBlur={() => {
              if (ring.value === i.id) ring.value = '';
            }}
            onClick={() => select(i.id)}
            onKeyDown={(e) => key(e, i.id)}
          />
        </li>
      ))}
    </ul>
  );
}
