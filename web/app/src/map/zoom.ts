// The map's window: which part of the map is seen, and what others may ask of it.
import { signal } from '@preact/signals';
import { select as d3select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import { bottom, boxOf, layout, room, size } from './model';

/** at is where the map lies in the window: a point of the map times k, plus x and y. */
export const at = signal<ZoomTransform>(zoomIdentity);
/** gesture tells whether the last move was the user's, so that more may follow. */
export const gesture = { on: false };

/** What others may ask of the map's window; attach fills it in. */
export const mapZoom = {
  fit: (): void => {},
  /** refit fits again unless the user has moved the map. */
  refit: (): void => {},
  by: (_factor: number): void => {},
  /** show brings a node into the window if it is outside. */
  show: (_id: string): void => {},
};

/** attach makes a canvas the map's window: wheel and drag move it. */
export function attach(canvas: HTMLCanvasElement): () => void {
  const el = d3select(canvas);
  let fitted = true;
  const z = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([0.08, 4])
    .on('zoom', (e: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      gesture.on = Boolean(e.sourceEvent);
      if (e.sourceEvent) fitted = false;
      at.value = e.transform;
    });
  el.call(z).on('dblclick.zoom', null);
  mapZoom.fit = () => {
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
    fitted = true;
    el.call(z.transform, zoomIdentity.translate(x - k * l.size.x, y - k * l.size.y).scale(k));
  };
  mapZoom.by = (f) => {
    fitted = false;
    el.call(z.scaleBy, f);
  };
  mapZoom.show = (id) => {
    const b = boxOf(id);
    if (!b) return;
    const t = at.value;
    const [x, y] = [t.applyX(b.x + b.w / 2), t.applyY(b.y + b.h / 2)];
    const { w, h } = size.value;
    if (x > 20 && x < w - 20 && y > room.top && y < h - 30) return;
    fitted = false;
    el.call(z.translateTo, b.x + b.w / 2, b.y + b.h / 2);
  };
  mapZoom.refit = () => {
    if (fitted) mapZoom.fit();
  };
  mapZoom.refit();
  return () => {
    el.on('.zoom', null);
  };
}
