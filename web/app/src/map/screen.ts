// The map on the screen. A small map is drawn anew for every picture. A large
// one is drawn a slice at a time into a bitmap that is larger than the window;
// meanwhile the last bitmap is shown where it belongs, so moving never waits.
import { effect } from '@preact/signals';
import type { Camera } from './camera';
import { draw } from './canvas';
import { flyers } from './flyers';
import type { Mark } from './marks';
import { labels, layout, lit, marks, ring, size, theme } from './model';
import { at } from './zoom';

/** So many marks are drawn well within one picture. */
const many = 2500;
/** How much of the window's size the bitmap reaches out on each side. */
const margin = 0.25;
/** Milliseconds of drawing a picture, where nothing is shown yet and where something is. */
const budgets = [40, 7];

/** A window that has not moved for so long is still. */
const rest = 110;

interface Bitmap {
  canvas: HTMLCanvasElement;
  marks: Mark[];
  camera: Camera;
  ratio: number;
  next: number; // the first mark that is not drawn
}

/** least is the smallest text that is drawn: the names in bubbles are few, so they may be smaller. */
const least = () => (layout.peek()?.round ? 6 : undefined);

/** screen paints the map on c, and what moves over it on over, whenever either changes. */
export function screen(
  c: HTMLCanvasElement,
  over: HTMLCanvasElement,
): { redraw: () => void; stop: () => void } {
  const g = c.getContext('2d')!;
  let frame = 0;
  let settle = 0;
  let last = 0; // when the window moved
  let first = true;
  let pace = 400; // marks a slice, from how long the last ones took
  let ready: Bitmap | null = null;
  let work: Bitmap | null = null;
  let spare: HTMLCanvasElement | null = null;
  const ratio = () => c.width / Math.max(1, size.peek().w);
  const seen = (): void => {
    // For who measures: the browser has shown it when the next picture is due.
    if (!first || !marks.peek().length) return;
    first = false;
    requestAnimationFrame(() => performance.mark('periplus.map'));
  };
  const sharp = (): void => {
    const t = at.peek();
    const r = ratio();
    background(g, c, r, t);
    g.setTransform(r * t.k, 0, 0, r * t.k, r * t.x, r * t.y);
    draw(g, marks.peek(), t.k, least());
    ready = work = null;
    seen();
  };

  const begin = (): Bitmap => {
    const canvas = spare ?? document.createElement('canvas');
    spare = null;
    canvas.width = Math.round(c.width * (1 + 2 * margin));
    canvas.height = Math.round(c.height * (1 + 2 * margin));
    const r = ratio();
    const t = at.peek();
    const b = canvas.getContext('2d', { willReadFrequently: true })!;
    b.setTransform(r * t.k, 0, 0, r * t.k, r * t.x + margin * c.width, r * t.y + margin * c.height);
    return { canvas, marks: marks.peek(), camera: t, ratio: r, next: 0 };
  };
  const slice = (w: Bitmap): void => {
    const began = performance.now();
    const b = w.canvas.getContext('2d')!;
    const end = w.next + pace;
    draw(b, w.marks.slice(w.next, end), w.camera.k, least());
    b.getImageData(0, 0, 1, 1); // drawn now, not all of it at the end
    w.next = end;
    const took = Math.max(0.5, performance.now() - began);
    pace = Math.min(6000, Math.max(100, pace * Math.min(2, budgets[ready ? 1 : 0] / took)));
    if (w.next < w.marks.length) return;
    spare = ready?.canvas ?? null;
    ready = w;
    work = null;
  };
  const shifted = (b: Bitmap): void => {
    const t = at.peek();
    const k = t.k / b.camera.k;
    const [x, y] = [b.ratio * (t.x - b.camera.x * k), b.ratio * (t.y - b.camera.y * k)];
    const put = (v: number): number => (k === 1 ? Math.round(v) : v);
    background(g, c, b.ratio, t);
    g.setTransform(k, 0, 0, k, put(x - margin * c.width * k), put(y - margin * c.height * k));
    g.drawImage(b.canvas, 0, 0);
    seen();
  };
  const picture = (): void => {
    frame = 0;
    if (marks.peek().length <= many) {
      sharp();
      return;
    }
    // What is no longer wanted is not finished, unless only the window moved.
    if (work && (work.marks !== marks.peek() || work.ratio !== ratio())) work = null;
    if (ready && ready.ratio !== ratio()) ready = null;
    const still = performance.now() - last > rest;
    const stale = !ready || ready.marks !== marks.peek();
    const moved = ready?.camera !== at.peek();
    if (stale || (moved && (still || bare(ready!)))) work ??= begin();
    if (work) slice(work);
    if (ready) shifted(ready);
    if (work) redraw();
    else if (moved) {
      clearTimeout(settle);
      settle = window.setTimeout(redraw, rest);
    }
  };
  /** bare tells whether the window has left the bitmap, or what it shows is too coarse, before it is still. */
  const bare = (b: Bitmap): boolean => {
    const t = at.peek();
    const k = t.k / b.camera.k;
    if (k !== 1) return k < 0.5 || k > 3;
    const { w, h } = size.peek();
    return Math.abs(t.x - b.camera.x) > margin * w || Math.abs(t.y - b.camera.y) > margin * h;
  };
  const redraw = (): void => {
    frame ||= requestAnimationFrame(picture);
  };
  const fly = flyers(over, () => at.peek());
  const unmove = effect(() => {
    void at.value;
    last = performance.now();
    redraw();
  });
  const unwatch = effect(() => {
    void marks.value;
    redraw();
  });
  const unfly = effect(() => {
    void labels.value;
    void lit.value;
    void ring.value;
    void at.value;
    fly.draw();
  });
  return {
    redraw: () => {
      redraw();
      fly.draw();
    },
    stop: () => {
      for (const un of [unmove, unwatch, unfly]) un();
      cancelAnimationFrame(frame);
      clearTimeout(settle);
      fly.stop();
    },
  };
}

/** background is the paper: a grid of dots that moves with the map. */
function background(g: CanvasRenderingContext2D, c: HTMLCanvasElement, ratio: number, t: Camera): void {
  const th = theme.peek();
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
