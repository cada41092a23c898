// Labels of paths: placed at the first of 7 points times 3 offsets along the
// path that hits no card, header or other label. Where none is free it may lie
// over a card's margin; a single label is always placed.
import { along, type Box, overlap, type Point } from './geometry';

export interface Wanted {
  line: Point[];
  w: number;
  h: number;
}

const parts = [0.5, 0.38, 0.62, 0.27, 0.73, 0.17, 0.83];
const sides = [0, -1, 1];

export function placeLabels<T extends Wanted>(list: T[], obstacles: Box[]): { of: T; box: Box }[] {
  const taken: Box[] = [];
  const out: { of: T; box: Box }[] = [];
  for (const of of list) {
    const box =
      free(of, obstacles, taken) ??
      free(of, obstacles.map(inner), taken) ??
      (list.length === 1 ? centred(of) : null);
    if (!box) continue;
    taken.push(box);
    out.push({ of, box });
  }
  return out;
}

const inner = (b: Box): Box => ({
  x: b.x + Math.min(34, b.w / 3),
  y: b.y,
  w: Math.max(0, b.w - 2 * Math.min(34, b.w / 3)),
  h: b.h,
});

const centred = (l: Wanted): Box => {
  const p = along(l.line, 0.5);
  return { x: p.x - l.w / 2, y: p.y - l.h / 2, w: l.w, h: l.h };
};

function free(l: Wanted, obstacles: Box[], taken: Box[]): Box | null {
  for (const part of parts) {
    const p = along(l.line, part);
    for (const side of sides) {
      const dy = side * (l.h + 3);
      const box = { x: p.x - l.w / 2, y: p.y - l.h / 2 + dy, w: l.w, h: l.h };
      if (!taken.some((o) => overlap(box, o, 2)) && !obstacles.some((o) => overlap(box, o, 1))) return box;
    }
  }
  return null;
}
