// The map: a canvas, and beside it the hidden list of its nodes for those who
// do not see it. What is drawn is in screen.ts, what the mouse does in
// mouse.ts, what part of it is seen in zoom.ts.
import { useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { graph } from '../state';
import { measurer } from './canvas';
import { HoverCard } from './HoverCard';
import { Minimap } from './Minimap';
import { layout, measure, size, summary } from './model';
import { card, mouse } from './mouse';
import { NodeList } from './NodeList';
import { screen } from './screen';
import { at, mapZoom } from './zoom';

export function MapView() {
  const wrap = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const redraw = useRef<() => void>(() => {});

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

  useEffect(() => {
    const s = screen(canvas.current!, over.current!);
    redraw.current = s.redraw;
    mapZoom.refit();
    return s.stop;
  }, []);
  const round = useRef<boolean | undefined>(undefined);
  useSignalEffect(() => {
    const l = layout.value;
    if (!l) return;
    // Another layout is another picture: it is shown whole.
    if (round.current !== undefined && round.current !== Boolean(l.round)) mapZoom.fit();
    else mapZoom.refit();
    round.current = Boolean(l.round);
  });
  useSignalEffect(() => {
    void at.value;
    card.value = null;
  });

  return (
    <div class={graph.value.busy ? 'map busy' : 'map'} ref={wrap}>
      <canvas
        ref={canvas}
        role="application"
        aria-label={`Network map: ${summary.value}`}
        aria-describedby="map-list"
        {...mouse}
      />
      <canvas class="over" ref={over} aria-hidden="true" />
      {card.value && <HoverCard {...card.value} />}
      <Minimap />
      <NodeList />
    </div>
  );
}
