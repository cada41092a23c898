// Paths of the picture: strokes, arrows, the signs of what was stopped, labels.
import { count, quantity, unit } from '../format';
import type { Box, Point } from './geometry';
import { placeLabels } from './labels';
import type { Font, Gradient, Mark, Picture } from './marks';
import type { Route } from './routes';
import { verdictColour } from './theme';

const hot = (r: Route, p: Picture): boolean => !p.focus || p.focus.edges.has(r.stroke.key);
const halted = (r: Route): boolean => r.stroke.verdict === 'denied' || r.stroke.verdict === 'dropped';
/** layer is the drawing order: what was stopped lies over the cards, what is bright over the rest. */
export const layer = (r: Route, p: Picture): number => (halted(r) ? 2 : 0) + (p.focus && hot(r, p) ? 1 : 0);

/** faint is the opacity of a path: many are lighter, so that they do not hide each other. */
const faint = (n: number): number => Math.max(0.24, Math.min(0.5, 0.5 * Math.sqrt(140 / Math.max(1, n))));

export function routeMarks(out: Mark[], r: Route, p: Picture): void {
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
    out.push({
      m: 'path',
      d: r.path,
      line: c,
      width: chosen ? 2.6 : many ? 1 : r.width,
      dash: stroke.verdict === 'denied' ? [5, 3.5] : [1.5, 4],
      round: stroke.verdict === 'dropped',
      a,
    });
    if (!r.mark) return;
    if (stroke.verdict === 'denied') noEntry(out, r.mark, many ? 3.6 : 5.2, c, '#ffffff', a, theme.back);
    else cross(out, r.mark, c, a, theme.back);
    return;
  }
  const a = !p.focus ? faint(p.routes.length) : bright ? 0.9 : 0.07;
  const [c1, c2] = [
    verdictColour(theme, stroke.verdict, s.provider),
    verdictColour(theme, stroke.verdict, t.provider),
  ];
  const line: string | Gradient = c1 === c2 ? c1 : { from: c1, to: c2, a: r.from, b: r.to };
  out.push({ m: 'path', d: r.path, line, width: chosen ? r.width + 1 : r.width, a });
  const size = (p.routes.length > 400 ? 1.6 : 3.2) + r.width * 0.42;
  const tip = { x: r.to.x + Math.cos(r.angle) * 4.6, y: r.to.y + Math.sin(r.angle) * 4.6 };
  const wing = (turn: number): string => {
    const q = r.angle + Math.PI + turn;
    return `${(tip.x + Math.cos(q) * size * 2).toFixed(1)} ${(tip.y + Math.sin(q) * size * 2).toFixed(1)}`;
  };
  out.push({
    m: 'fill',
    d: `M${tip.x.toFixed(1)} ${tip.y.toFixed(1)}L${wing(0.46)}L${wing(-0.46)}Z`,
    fill: c2,
    a: Math.min(1, a * 1.7),
  });
  // Let through, never answered: an open ring before the card.
  if (stroke.answer === 'none' && stroke.verdict === 'allowed')
    out.push({
      m: 'dot',
      x: r.to.x - Math.cos(r.angle) * 9,
      y: r.to.y - Math.sin(r.angle) * 9,
      r: 3.6,
      fill: theme.back,
      line: c2,
      width: 1.6,
      a: bright ? 1 : 0.15,
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

export const labelFont: Font = { size: 10, weight: 620 };

/** labelText is what a path says of itself: `133 GB · postgres`, `692 denied · 22`. */
export function labelText(r: Route, p: Pick<Picture, 'scene'>): string {
  const { stroke } = r;
  const ports = (stroke.edge.ports ?? []).filter((x) => x.v === stroke.verdict);
  const port = ports[0]
    ? (ports[0].name ?? (ports[0].port === null ? ports[0].proto : String(ports[0].port)))
    : '';
  const more = ports.length > 1 || (stroke.edge.morePorts ?? 0) > 0 ? ' …' : '';
  const amount = halted(r)
    ? `${count(stroke.records)} ${stroke.verdict}`
    : `${quantity(stroke.value, p.scene.metric)}${unit(p.scene.metric)}`;
  return port ? `${amount} · ${port}${more}` : amount;
}

/** labelMarks are the labels of the bright paths; they lie over the moving dots. */
export function labelMarks(p: Picture): Mark[] {
  const out: Mark[] = [];
  // Dimmed cards may be covered.
  const obstacles: Box[] = [...p.layout.cards].filter(([id]) => p.focus?.nodes.has(id)).map(([, b]) => b);
  for (const f of p.layout.frames)
    if (f.kind === 'network') obstacles.push({ x: f.box.x, y: f.box.y, w: f.box.w * 0.6, h: 26 });
  const wanted = p.routes
    .filter((r) => hot(r, p))
    .sort((a, b) => (b.stroke.value ?? 0) - (a.stroke.value ?? 0))
    .slice(0, 24)
    .map((r) => {
      const text = labelText(r, p);
      return { line: r.line, text, r, w: p.measure(text, labelFont) + 14, h: 17 };
    });
  for (const l of placeLabels(wanted, obstacles)) {
    const red = halted(l.of.r);
    out.push({
      m: 'rect',
      ...l.box,
      r: 5,
      fill: red ? verdictColour(p.theme, l.of.r.stroke.verdict, '') : p.theme.label,
      a: 0.96,
    });
    out.push({
      m: 'text',
      x: l.box.x + l.box.w / 2,
      y: l.box.y + 12,
      text: l.of.text,
      font: labelFont,
      fill: red ? (p.theme.dark ? '#10151f' : '#ffffff') : p.theme.labelText,
      anchor: 'middle',
      a: 1,
    });
  }
  return out;
}
