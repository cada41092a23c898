// Courses of the layout "Force": curves from circle to circle that lean to the
// middle of their bubbles, so that paths between the same two run together.
import { type Box, flatten, lineText, type Path, type Point, pathText, reach } from '../geometry';
import { type Course, homes, type Scale, stopAt, stoppedWidth } from '../routes';
import type { Frame, Scene, Stroke } from '../scene';
import type { Layout } from '../tiers';

const centre = (b: Box): Point => ({ x: b.x + b.w / 2, y: b.y + b.h / 2 });
const mix = (a: Point, b: Point, k: number): Point => ({
  x: a.x + (b.x - a.x) * k,
  y: a.y + (b.y - a.y) * k,
});

/** chains are, for each card, the boxes around it from the inside out. */
function chains(scene: Scene, layout: Layout): Map<string, Box[]> {
  const by = new Map(layout.frames.map((f) => [f.frame.id, f.box]));
  const out = new Map<string, Box[]>();
  const walk = (f: Frame, around: Box[]): void => {
    const box = by.get(f.id);
    const list = box ? [box, ...around] : around;
    for (const c of f.cards) out.set(c.id, list);
    for (const g of f.frames) walk(g, list);
  };
  for (const f of scene.frames) walk(f, []);
  return out;
}

export function forceCourses(
  scene: Scene,
  layout: Layout,
  scale: Scale,
  only: (s: Stroke) => boolean = () => true,
): Course[] {
  const around = chains(scene, layout);
  const home = homes(scene, layout);
  const out: Course[] = [];
  scene.strokes.forEach((k, n) => {
    if (!only(k)) return;
    const [s, t] = [scene.cardOf.get(k.s), scene.cardOf.get(k.t)];
    if (!s || !t || s === t) return;
    const [a, b] = [
      layout.tiles.get(k.s) ?? layout.cards.get(s.id),
      layout.tiles.get(k.t) ?? layout.cards.get(t.id),
    ];
    if (!a || !b) return;
    const halted = k.verdict === 'denied' || k.verdict === 'dropped';
    const path = curve(a, b, around.get(s.id) ?? [], around.get(t.id) ?? [], halted ? 1 : 5);
    const base = {
      n,
      from: path.from,
      width: halted ? stoppedWidth : scale.width(k.value),
      reach: reach(path),
    };
    const step = path.steps[0];
    if (halted) {
      const cut = stopAt(flatten(path), k, home.get(s.id), home.get(t.id));
      const mark = cut[cut.length - 1];
      out.push({ ...base, to: mark, path: lineText(cut), mark, angle: 0 });
    } else {
      const angle = Math.atan2(step.to.y - step.c![1].y, step.to.x - step.c![1].x);
      out.push({ ...base, to: step.to, path: pathText(path), mark: null, angle });
    }
  });
  return out;
}

function curve(a: Box, b: Box, as: Box[], bs: Box[], before: number): Path {
  const [from, to] = [centre(a), centre(b)];
  const shared = as.find((x) => bs.includes(x));
  const d = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  let [p, q] = [mix(from, to, 0.33), mix(from, to, 0.67)];
  if (shared) {
    // Both ways between two bubbles bend to their own side.
    const side = Math.min(26, d * 0.14);
    const [nx, ny] = [(-(to.y - from.y) / d) * side, ((to.x - from.x) / d) * side];
    const m = centre(shared);
    p = mix({ x: p.x + nx, y: p.y + ny }, m, 0.08);
    q = mix({ x: q.x + nx, y: q.y + ny }, m, 0.08);
  } else {
    const [ra, rb] = [as[as.length - 1], bs[bs.length - 1]];
    if (ra) p = mix(p, centre(ra), 0.3);
    if (rb) q = mix(q, centre(rb), 0.3);
  }
  const touch = (c: Point, r: number, to: Point): Point => {
    const l = Math.hypot(to.x - c.x, to.y - c.y) || 1;
    return { x: c.x + ((to.x - c.x) / l) * r, y: c.y + ((to.y - c.y) / l) * r };
  };
  const start = touch(from, a.w / 2, p);
  const end = touch(to, b.w / 2 + Math.min(before, Math.max(0, d - a.w / 2 - b.w / 2) / 2), q);
  return { from: start, steps: [{ to: end, c: [p, q] }] };
}
