// The map on the screen: sharp when still, a shifted bitmap while a large map moves.
import { effect } from '@preact/signals';
import type { Camera } from './camera';
import { draw } from './canvas';
import { flyers } from './flyers';
import { labels, marks, ring, size, theme } from './model';
import { at, gesture } from './zoom';

/** screen paints the map on c, and what moves over it on over, whenever either changes. */
export function screen(
  c: HTMLCanvasElement,
  over: HTMLCanvasElement,
): { redraw: () => void; stop: () => void } {
  const g = c.getContext('2d')!;
  let frame = 0;
  let settle = 0;
  let cost = 0; // of the last sharp picture, in milliseconds
  let drawn = at.peek(); // where it was drawn
  let shot: HTMLCanvasElement | null = null;
  const ratio = () => c.width / Math.max(1, size.peek().w);
  const sharp = () => {
    const began = performance.now();
    const t = at.peek();
    const r = ratio();
    background(g, c, r, t);
    g.setTransform(r * t.k, 0, 0, r * t.k, r * t.x, r * t.y);
    draw(g, marks.peek(), t.k);
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
    const t = at.peek();
    const k = t.k / drawn.k;
    background(g, c, r, t);
    g.setTransform(k, 0, 0, k, r * (t.x - drawn.x * k), r * (t.y - drawn.y * k));
    g.drawImage(shot, 0, 0);
    clearTimeout(settle);
    settle = window.setTimeout(() => {
      if (!frame) sharp();
    }, 110);
  };
  const fly = flyers(over, () => at.peek());
  const redraw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (cost > 9 && gesture.on && at.peek() !== drawn) shifted();
      else sharp();
    });
    fly.draw();
  };
  const unwatch = effect(() => {
    void marks.value;
    void labels.value;
    void ring.value;
    void at.value;
    redraw();
  });
  return {
    redraw,
    stop: () => {
      unwatch();
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
