// Where labels of paths stand: at the first of 7 points times 3 offsets along
// the path that hits no card, header or other label. Where none is free a label
// may lie over what is dimmed, never over what is bright; what finds no place
// is left out, but a single label is always placed.
import { along, type Box, overlap, type Point } from './geometry';

export interface Wanted {
  line: Point[];
  w: number;
  h: number;
}

const parts = [0.5, 0.38, 0.62, 0.27, 0.73, 0.17, 0.83];
const sides = [0, -1, 1];

/** placeLabels keeps off walls, and off soft ones while there is another place. */
export function placeLabels<T extends Wanted>(
  list: T[],
  walls: Box[],
  soft: Box[] = [],
): { of: T; box: Box }[] {
  const taken: Box[] = [];
  const out: { of: T; box: Box }[] = [];
  const all = [...walls, ...soft];
  for (const of of list) {
    const box = free(of, all, taken) ?? free(of, walls, taken) ?? (list.length === 1 ? centred(of) : null);
    if (!box) continue;
    taken.push(box);
    out.push({ of, box });
  }
  return out;
}

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
