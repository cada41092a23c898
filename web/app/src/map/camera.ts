// The camera: how the map lies in its window, without a browser.
import type { Point } from './geometry';

/** A Camera turns a point of the map into one of the window: times k, plus x and y. */
export class Camera {
  constructor(
    readonly k = 1,
    readonly x = 0,
    readonly y = 0,
  ) {}
  apply([x, y]: [number, number]): [number, number] {
    return [x * this.k + this.x, y * this.k + this.y];
  }
  invert([x, y]: [number, number]): [number, number] {
    return [(x - this.x) / this.k, (y - this.y) / this.k];
  }
  /** by zooms; the point p of the window stays on what it is on. */
  by(factor: number, p: Point): Camera {
    const k = Math.min(4, Math.max(0.08, this.k * factor));
    const f = k / this.k;
    return new Camera(k, p.x - (p.x - this.x) * f, p.y - (p.y - this.y) * f);
  }
  moved(dx: number, dy: number): Camera {
    return new Camera(this.k, this.x + dx, this.y + dy);
  }
}

/** wheelFactor is how much a turn of the wheel zooms: lines, pages and pinches on a trackpad alike. */
export const wheelFactor = (e: { deltaY: number; deltaMode: number; ctrlKey: boolean }): number =>
  2 ** (-e.deltaY * (e.deltaMode === 1 ? 0.05 : e.deltaMode ? 1 : 0.002) * (e.ctrlKey ? 10 : 1));

/** pinched follows two fingers: what was under each stays there as well as it can. */
export function pinched(c: Camera, before: [Point, Point], now: [Point, Point]): Camera {
  const mid = ([a, b]: [Point, Point]): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const wide = ([a, b]: [Point, Point]): number => Math.hypot(a.x - b.x, a.y - b.y) || 1;
  const [p, q] = [mid(before), mid(now)];
  return c.moved(q.x - p.x, q.y - p.y).by(wide(now) / wide(before), q);
}
