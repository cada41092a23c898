// Geometry of the minimap.
import type { Camera } from './camera';
import type { Box } from './geometry';

/** outside tells whether a part of the map lies outside the window, by more than a hair. */
export function outside(map: Box, c: Camera, window: Box): boolean {
  const [x0, y0] = c.apply([map.x, map.y]);
  const [x1, y1] = c.apply([map.x + map.w, map.y + map.h]);
  return (
    x0 < window.x - 2 || y0 < window.y - 2 || x1 > window.x + window.w + 2 || y1 > window.y + window.h + 2
  );
}

export interface Small {
  k: number;
  x: (x: number) => number;
  y: (y: number) => number;
  /** back is the point of the map under one of the minimap. */
  back: (x: number, y: number) => [number, number];
}

const pad = 6;

/** smallOf fits a map into so much room. */
export function smallOf(map: Box, w: number, h: number): Small {
  const k = Math.min((w - 2 * pad) / map.w, (h - 2 * pad) / map.h);
  const dx = (w - map.w * k) / 2 - map.x * k;
  const dy = (h - map.h * k) / 2 - map.y * k;
  return { k, x: (x) => x * k + dx, y: (y) => y * k + dy, back: (x, y) => [(x - dx) / k, (y - dy) / k] };
}
