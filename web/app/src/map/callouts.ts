// Labels of paths: what the bright ones say of themselves. They lie over the
// moving dots, so they are painted apart.
import { count, quantity, unit } from '../format';
import type { Box } from './geometry';
import { placeLabels } from './labels';
import { type Font, legible, type Mark, type Picture, scaled } from './marks';
import { headers } from './paint';
import type { Route } from './routes';
import { halted, hot } from './strokes';
import { verdictColour } from './theme';

const font: Font = { size: 10, weight: 620 };

/** labelText is `133 GB · postgres` or `692 denied · 22`. */
export function labelText(r: Route, p: Pick<Picture, 'scene'>): string {
  const { stroke } = r;
  const ports = (stroke.edge.ports ?? []).filter((x) => x.v === stroke.verdict);
  const port = ports[0]
    ? (ports[0].name ?? (ports[0].port === null ? ports[0].proto : String(ports[0].port)))
    : '';
  const more = ports.length > 1 || (stroke.edge.morePorts ?? 0) > 0 ? ' …' : '';
  const amount =
    halted(r) || stroke.value === null
      ? `${count(stroke.records)} ${halted(r) ? stroke.verdict : 'records'}`
      : `${quantity(stroke.value, p.scene.metric)}${unit(p.scene.metric)}`;
  return port ? `${amount} · ${port}${more}` : amount;
}

/** signs are the boxes of what says where a path was stopped. */
const signs = (routes: Route[]): Box[] =>
  routes.flatMap((r) => (r.mark ? [{ x: r.mark.x - 6, y: r.mark.y - 6, w: 12, h: 12 }] : []));

export function labelMarks(p: Picture): Mark[] {
  const out: Mark[] = [];
  const bright = [...p.layout.cards].filter(([id]) => !p.focus || p.focus.nodes.has(id));
  const dim = [...p.layout.cards].filter(([id]) => p.focus && !p.focus.nodes.has(id));
  const boxes = (list: [string, Box][]) => list.map(([, b]) => b);
  const z = Math.max(1, 0.93 / p.layout.k);
  const f = scaled(font, z);
  const wanted = p.routes
    .filter((r) => hot(r, p))
    .sort((a, b) => Number(halted(b)) - Number(halted(a)) || (b.stroke.value ?? 0) - (a.stroke.value ?? 0))
    .slice(0, 24)
    .map((r) => {
      const text = labelText(r, p);
      return { line: r.line, text, r, w: p.measure(text, f) + 14, h: 15 * z + 2 };
    });
  for (const l of placeLabels(wanted, [...boxes(bright), ...headers(p), ...signs(p.routes)], boxes(dim))) {
    const red = halted(l.of.r);
    const fill = red ? verdictColour(p.theme, l.of.r.stroke.verdict, '') : p.theme.label;
    out.push({ m: 'rect', ...l.box, r: 5, fill, a: 0.96, from: legible / f.size });
    out.push({
      m: 'text',
      x: l.box.x + l.box.w / 2,
      y: l.box.y + l.box.h / 2 + 3.5 * z,
      text: l.of.text,
      font: f,
      fill: red ? (p.theme.dark ? '#10151f' : '#ffffff') : p.theme.labelText,
      anchor: 'middle',
      a: 1,
    });
  }
  return out;
}
