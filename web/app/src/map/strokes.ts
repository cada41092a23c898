// Paths of the picture: strokes, arrows, and the signs of what was stopped.
import type { Point } from './geometry';
import type { Gradient, Mark, Picture } from './marks';
import type { Route } from './routes';
import { verdictColour } from './theme';

export const hot = (r: Route, p: Picture): boolean => !p.focus || p.focus.edges.has(r.stroke.key);
export const halted = (r: Route): boolean => r.stroke.verdict === 'denied' || r.stroke.verdict === 'dropped';
/** layer is the drawing order: what was stopped lies over the cards, what is bright over the rest. */
export const layer = (r: Route, p: Picture): number => (halted(r) ? 2 : 0) + (p.focus && hot(r, p) ? 1 : 0);

/** Among many paths the strongest are drawn as ever and the rest so faint that the structure shows. */
const most = 50;
export function strongOf(routes: Route[]): (r: Route) => boolean {
  if (routes.length < most * 1.7) return () => true;
  const widths = routes.map((r) => r.width).sort((a, b) => b - a);
  const least = widths[most];
  return (r) => r.width > least;
}

const n = (v: number): string => v.toFixed(1);
const around = (at: Point, angle: number, d: number): Point => ({
  x: at.x + Math.cos(angle) * d,
  y: at.y + Math.sin(angle) * d,
});

export function routeMarks(out: Mark[], r: Route, p: Picture, strong: boolean): void {
  const { theme } = p;
  const { stroke } = r;
  const bright = hot(r, p);
  const chosen = p.focus?.edge === stroke.key;
  const s = p.scene.cardOf.get(stroke.s)!;
  const t = p.scene.cardOf.get(stroke.t)!;
  if (halted(r)) {
    // A great many denials would be one red blot.
    const many = !p.focus && p.routes.length > 400;
    const a = many ? 0.5 : bright ? 0.95 : 0.1;
    const c = verdictColour(theme, stroke.verdict, '');
    const denied = stroke.verdict === 'denied';
    const dash = denied ? [5, 3.5] : [1.5, 4];
    out.push({
      m: 'path',
      d: r.path,
      line: c,
      width: chosen ? 2.6 : many ? 1 : r.width,
      dash,
      round: !denied,
      a,
    });
    if (!r.mark) return;
    if (denied) noEntry(out, r.mark, many ? 3.6 : 5.2, c, '#ffffff', a, theme.back);
    else cross(out, r.mark, c, a, theme.back);
    return;
  }
  const a = p.focus ? (bright ? 0.9 : 0.07) : strong ? 0.48 : 0.15;
  const unknown = stroke.verdict === 'unknown';
  const [c1, c2] = [
    verdictColour(theme, stroke.verdict, s.provider),
    verdictColour(theme, stroke.verdict, t.provider),
  ];
  const line: string | Gradient = c1 === c2 ? c1 : { from: c1, to: c2, a: r.from, b: r.to };
  out.push({
    m: 'path',
    d: r.path,
    line,
    width: chosen ? r.width + 1 : r.width,
    dash: unknown && r.width < 3 ? [9, 2.5] : undefined,
    a,
  });
  const size = (p.routes.length > 400 ? 3.2 : 6.4) + r.width * 0.84;
  const tip = around(r.to, r.angle, 4.6);
  const wing = (turn: number): string => {
    const q = around(tip, r.angle + Math.PI + turn, size);
    return `${n(q.x)} ${n(q.y)}`;
  };
  const d = `M${n(tip.x)} ${n(tip.y)}L${wing(0.46)}L${wing(-0.46)}Z`;
  const at = bright ? Math.min(1, a * 1.7) : a;
  // Nobody said that it was let through: a hollow arrow.
  out.push({ m: 'fill', d, fill: unknown ? theme.card : c2, a: at });
  if (unknown) out.push({ m: 'path', d, line: c2, width: 1.2, a: at });
  if (stroke.answer === 'none' && !unknown)
    unanswered(out, around(r.to, r.angle, -11), c2, bright ? 1 : 0.1, p);
}

/** unanswered is an open ring with a question mark before the card: let through, never answered. */
function unanswered(out: Mark[], at: Point, line: string, a: number, p: Picture): void {
  const { x, y } = at;
  out.push({ m: 'dot', x, y, r: 5.4, fill: p.theme.card, line, width: 1.5, a });
  out.push({
    m: 'path',
    d: `M${n(x - 1.7)} ${n(y - 1.2)}c0-2.6 3.6-2.4 3.5 0c-.1 1.3-1.8 1.1-1.8 2.5m0 1.3v.7`,
    line: p.theme.text,
    width: 1.2,
    a,
  });
}

/** noEntry is the sign, so that a denial is never told by colour alone. */
export function noEntry(
  out: Mark[],
  at: Point,
  r: number,
  fill: string,
  bar: string,
  a: number,
  ring?: string,
): void {
  out.push({
    m: 'dot',
    x: at.x,
    y: at.y,
    r,
    fill,
    line: ring,
    width: ring ? 1.4 : undefined,
    a: a < 0.3 ? 0.25 : a,
  });
  out.push({
    m: 'rect',
    x: at.x - r * 0.58,
    y: at.y - r * 0.2,
    w: r * 1.16,
    h: r * 0.4,
    r: r * 0.1,
    fill: bar,
    a: a < 0.3 ? 0.25 : a,
  });
}

function cross(out: Mark[], at: Point, c: string, a: number, ring: string): void {
  const d = 2.4;
  const alphaOf = a < 0.3 ? 0.25 : a;
  out.push({
    m: 'fill',
    d: `M${at.x} ${at.y - 6}L${at.x + 6} ${at.y}L${at.x} ${at.y + 6}L${at.x - 6} ${at.y}Z`,
    fill: c,
    a: alphaOf,
  });
  out.push({
    m: 'path',
    d: `M${at.x - d} ${at.y - d}L${at.x + d} ${at.y + d}M${at.x + d} ${at.y - d}L${at.x - d} ${at.y + d}`,
    line: ring,
    width: 1.5,
    a: alphaOf,
  });
}
