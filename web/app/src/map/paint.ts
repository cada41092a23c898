// Paint list: everything that is seen, as a few kinds of marks in drawing
// order. The canvas painter and the SVG writer read the same list.
import type { Provider } from '../api';
import { count, quantity, unit } from '../format';
import { type Glyph, glyphs } from '../glyphs';
import { iconOf } from '../icons';
import type { Box, Point } from './geometry';
import { placeLabels } from './labels';
import type { Route } from './routes';
import type { Card, Scene } from './scene';
import { alpha, mix, type Theme, verdictColour } from './theme';
import type { FrameBox, Layout } from './tiers';

export type Mark =
  | {
      m: 'rect';
      x: number;
      y: number;
      w: number;
      h: number;
      r: number;
      fill?: string;
      line?: string;
      width?: number;
      dash?: number[];
      a: number;
    }
  | {
      m: 'path';
      d: string;
      line: string | Gradient;
      width: number;
      dash?: number[];
      round?: boolean;
      a: number;
    }
  | { m: 'fill'; d: string; fill: string; a: number }
  | { m: 'dot'; x: number; y: number; r: number; fill?: string; line?: string; width?: number; a: number }
  | { m: 'glyph'; name: Glyph; x: number; y: number; size: number; line: string; a: number }
  | {
      m: 'text';
      x: number;
      y: number;
      text: string;
      font: Font;
      fill: string;
      anchor?: 'middle' | 'end';
      halo?: string;
      a: number;
    };

export interface Gradient {
  from: string;
  to: string;
  a: Point;
  b: Point;
}

export interface Font {
  size: number;
  weight: number;
  mono?: boolean;
}

export const family = '"Inter Variable", Inter, system-ui, sans-serif';
export const fontText = (f: Font): string =>
  `${f.weight} ${f.size}px ${f.mono ? 'ui-monospace, monospace' : family}`;
export type Measure = (text: string, font: Font) => number;

export interface Focus {
  nodes: Set<string>; // card ids that stay bright
  edges: Set<string>; // edge keys
  selected: string; // node id
  edge: string; // selected edge's key
  labels: boolean;
}

export interface Picture {
  scene: Scene;
  layout: Layout;
  routes: Route[];
  theme: Theme;
  measure: Measure;
  focus: Focus | null;
}

const name: Font = { size: 11.5, weight: 620 };
const small: Font = { size: 10, weight: 450 };
const header: Font = { size: 12.5, weight: 650 };
const subheader: Font = { size: 10.5, weight: 620 };
const badge: Font = { size: 9.5, weight: 650 };

/** fit cuts a text to a width and says so by an ellipsis. */
export function fit(text: string, font: Font, width: number, measure: Measure): string {
  if (measure(text, font) <= width) return text;
  let lo = 0;
  let hi = text.length;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (measure(`${text.slice(0, mid)}…`, font) <= width) lo = mid;
    else hi = mid - 1;
  }
  return lo > 0 ? `${text.slice(0, lo).trimEnd()}…` : '';
}

export function paint(p: Picture): Mark[] {
  const out: Mark[] = [];
  for (const f of p.layout.frames) frameMarks(out, f, p);
  const order = [...p.routes].sort((a, b) => layer(a, p) - layer(b, p));
  for (const r of order) if (layer(r, p) < 2) routeMarks(out, r, p);
  for (const f of p.layout.frames) headerMarks(out, f, p);
  for (const card of new Set(p.scene.cardOf.values())) cardMarks(out, card, p);
  for (const r of order) if (layer(r, p) >= 2) routeMarks(out, r, p);
  return out;
}

const hot = (r: Route, p: Picture): boolean => !p.focus || p.focus.edges.has(r.stroke.key);
const halted = (r: Route): boolean => r.stroke.verdict === 'denied' || r.stroke.verdict === 'dropped';
const layer = (r: Route, p: Picture): number => (halted(r) ? 2 : 0) + (p.focus && hot(r, p) ? 1 : 0);

// ------------------------------------------------------------------ frames

function frameMarks(out: Mark[], f: FrameBox, p: Picture): void {
  const { box, kind } = f;
  const c = p.theme.provider[f.frame.provider];
  if (kind === 'subnet') {
    out.push({
      m: 'rect',
      ...box,
      r: 9,
      fill: p.theme.dark ? alpha('#0b0f18', 0.28) : alpha('#ffffff', 0.5),
      line: mix(c, p.theme.back, p.theme.dark ? 0.62 : 0.66),
      width: 1,
      dash: [5, 4],
      a: 1,
    });
    return;
  }
  const network = kind === 'network';
  const fill = network
    ? alpha(c, p.theme.dark ? 0.085 : 0.09)
    : p.theme.dark
      ? alpha('#151b28', 0.5)
      : alpha('#ffffff', 0.72);
  const line = mix(c, p.theme.back, network ? 0.35 : 0.62);
  out.push({ m: 'rect', ...box, r: 12, fill, line, width: 1.2, a: 1 });
}

const place = (g: FrameBox['frame']['group']): string[] => [
  ...(g?.cidr ?? []).slice(0, 2),
  ...(g?.region ? [g.region] : []),
];

function headerMarks(out: Mark[], f: FrameBox, p: Picture): void {
  const { box, kind, frame } = f;
  const { theme, measure } = p;
  const halo = theme.halo;
  if (kind === 'network') {
    out.push({
      m: 'rect',
      x: box.x + 9,
      y: box.y + 6,
      w: 16,
      h: 16,
      r: 4,
      fill: theme.provider[frame.provider],
      a: 1,
    });
    out.push({
      m: 'glyph',
      name: frame.group ? 'cloud' : 'question-mark',
      x: box.x + 11,
      y: box.y + 8,
      size: 12,
      line: theme.glyph,
      a: 1,
    });
    const n = frame.group?.endpoints;
    const whole = f.context ? `${f.context} / ${frame.label}` : frame.label;
    // The name goes before the count, and the count before the rest.
    const spare = box.w - 54 - measure(whole, header);
    const long = n ? `${count(n)} endpoint${n === 1 ? '' : 's'}` : '';
    const right = [long, n ? count(n) : ''].find((t) => t && measure(t, small) <= spare) ?? '';
    const room = box.w - 44 - (right ? measure(right, small) + 10 : 0);
    const title = fit(whole, header, room, measure);
    out.push({
      m: 'text',
      x: box.x + 31,
      y: box.y + 18.5,
      text: title,
      font: header,
      fill: theme.text,
      halo,
      a: 1,
    });
    const w = measure(title, header);
    const more = fit(place(frame.group).join(' · '), small, room - w - 8, measure);
    if (more)
      out.push({
        m: 'text',
        x: box.x + 39 + w,
        y: box.y + 18,
        text: more,
        font: small,
        fill: theme.muted,
        halo,
        a: 1,
      });
    if (right)
      out.push({
        m: 'text',
        x: box.x + box.w - 12,
        y: box.y + 18,
        text: right,
        font: small,
        fill: theme.muted,
        anchor: 'end',
        halo,
        a: 1,
      });
    return;
  }
  const ink = kind === 'subnet' ? theme.ink[frame.provider] : theme.muted;
  const title = fit(frame.label, subheader, box.w - 18, measure);
  out.push({ m: 'text', x: box.x + 9, y: box.y + 15.5, text: title, font: subheader, fill: ink, halo, a: 1 });
  const w = measure(title, subheader);
  const more = fit(kind === 'subnet' ? (frame.group?.cidr?.[0] ?? '') : '', small, box.w - 28 - w, measure);
  if (more)
    out.push({
      m: 'text',
      x: box.x + 16 + w,
      y: box.y + 15.5,
      text: more,
      font: small,
      fill: theme.muted,
      halo,
      a: 1,
    });
}

// ------------------------------------------------------------------- cards

const dimmed = 0.36;

function cardMarks(out: Mark[], c: Card, p: Picture): void {
  const box = p.layout.cards.get(c.id);
  if (!box) return;
  const { theme } = p;
  const a = p.focus && !p.focus.nodes.has(c.id) ? dimmed : 1;
  const many = !c.group && c.node?.expandable && (c.node.count ?? 1) > 1;
  const chosen = p.focus?.selected === c.id;
  out.push({ m: 'rect', x: box.x, y: box.y + 1.5, w: box.w, h: box.h + 0.5, r: 8, fill: theme.cardShade, a });
  if (many)
    out.push({
      m: 'rect',
      x: box.x + 3,
      y: box.y + 3,
      w: box.w,
      h: box.h,
      r: 8,
      fill: mix(theme.card, theme.back, 0.4),
      line: theme.cardLine,
      width: 1,
      a: a === 1 ? 1 : 0.2,
    });
  out.push({
    m: 'rect',
    ...box,
    r: 8,
    fill: theme.card,
    line: chosen ? theme.provider[c.provider] : theme.cardLine,
    width: chosen ? 2 : 1,
    a: 1,
  });
  if (c.group) tileMarks(out, c, box, p, a);
  else faceMarks(out, c, box, p, a);
}

function iconMarks(
  out: Mark[],
  kind: string,
  provider: Provider,
  country: string | undefined,
  x: number,
  y: number,
  size: number,
  p: Picture,
  a: number,
): void {
  const { theme } = p;
  out.push({ m: 'rect', x, y, w: size, h: size, r: size * 0.27, fill: theme.provider[provider], a });
  if (country)
    out.push({
      m: 'text',
      x: x + size / 2,
      y: y + size / 2 + size * 0.17,
      text: country.slice(0, 2),
      font: { size: size * 0.48, weight: 700 },
      fill: theme.glyph,
      anchor: 'middle',
      a,
    });
  else
    out.push({
      m: 'glyph',
      name: iconOf(kind).glyph,
      x: x + size * 0.16,
      y: y + size * 0.16,
      size: size * 0.68,
      line: theme.glyph,
      a,
    });
}

/** kindNote says in a word what a card is, where its name does not. */
const noted = new Set([
  'aws.lambda',
  'gcp.nat',
  'gcp.gke',
  'gcp.run',
  'azure.aks',
  'gcp.functions',
  'azure.fn',
]);
const noteOf = (c: Card): string => c.node?.detail ?? (noted.has(c.kind) ? iconOf(c.kind).title : '');

function faceMarks(out: Mark[], c: Card, box: Box, p: Picture, a: number): void {
  const { theme, measure, layout } = p;
  const n = c.node!;
  const slim = layout.compact;
  const size = slim ? 18 : 24;
  iconMarks(
    out,
    c.kind,
    c.provider,
    n.kind === 'net.country' ? n.country : undefined,
    box.x + (slim ? 5 : 7),
    box.y + (box.h - size) / 2,
    size,
    p,
    a,
  );
  const x = box.x + (slim ? 28 : 38);
  const right = box.x + box.w - 7;
  const red = c.denied ? count(c.denied) : '';
  const redW = red ? measure(red, badge) + 18 : 0;
  const times = (n.count ?? 1) > 1 ? `×${count(n.count)}` : '';
  const timesW = times ? measure(times, small) + 4 : 0;
  const title = fit(
    c.label,
    slim ? { ...name, size: 11 } : name,
    right - x - timesW - (slim ? redW : 0),
    measure,
  );
  const y = slim ? box.y + box.h / 2 + 4 : box.y + 16.5;
  out.push({ m: 'text', x, y, text: title, font: slim ? { ...name, size: 11 } : name, fill: theme.text, a });
  if (times)
    out.push({
      m: 'text',
      x: x + measure(title, name) + 4,
      y,
      text: times,
      font: { ...small, weight: 620 },
      fill: theme.ink[c.provider],
      a,
    });
  if (red)
    redMarks(out, red, right - redW + 1, slim ? box.y + box.h / 2 - 7 : box.y + box.h - 18, redW, p, a);
  if (slim) return;
  const value =
    c.value === null
      ? ''
      : `${quantity(c.value, p.scene.metric)}${p.scene.metric === 'bytes' ? '' : unit(p.scene.metric)}`;
  const note = noteOf(c);
  const inet = n.kind.startsWith('net.');
  // A note that does not fit beside the value is left out, not cut.
  const both = (inet && note ? [note] : [value, note]).filter(Boolean).join(' · ');
  const second = measure(both, small) <= right - x - redW ? both : inet && note ? note : value || note;
  out.push({
    m: 'text',
    x,
    y: box.y + 30,
    text: fit(second, small, right - x - redW, measure),
    font: small,
    fill: theme.muted,
    a,
  });
}

function redMarks(out: Mark[], text: string, x: number, y: number, w: number, p: Picture, a: number): void {
  out.push({ m: 'rect', x, y, w, h: 14, r: 7, fill: p.theme.badge, a });
  noEntry(out, { x: x + 8, y: y + 7 }, 4, p.theme.badgeText, p.theme.badge, a);
  out.push({ m: 'text', x: x + 14.5, y: y + 10.4, text, font: badge, fill: p.theme.badgeText, a });
}

function tileMarks(out: Mark[], c: Card, box: Box, p: Picture, a: number): void {
  const { theme, measure } = p;
  iconMarks(out, c.kind, c.provider, undefined, box.x + 6, box.y + 6, 18, p, a);
  const value = c.value === null ? '' : quantity(c.value, p.scene.metric);
  const w = measure(value, small);
  const times = `×${count(c.tiles.length)}`;
  const title = fit(c.label, name, box.w - 44 - w - measure(times, small), measure);
  out.push({ m: 'text', x: box.x + 29, y: box.y + 19, text: title, font: name, fill: theme.text, a });
  out.push({
    m: 'text',
    x: box.x + 33 + measure(title, name),
    y: box.y + 19,
    text: times,
    font: { ...small, weight: 620 },
    fill: theme.ink[c.provider],
    a,
  });
  out.push({
    m: 'text',
    x: box.x + box.w - 7,
    y: box.y + 19,
    text: value,
    font: small,
    fill: theme.muted,
    anchor: 'end',
    a,
  });
  for (const t of c.tiles) {
    const b = p.layout.tiles.get(t.id)!;
    const chosen = p.focus?.selected === t.id;
    const bright = !p.focus || p.focus.nodes.has(t.id) || p.focus.selected === c.id ? a : dimmed;
    iconMarks(out, t.kind, c.provider, undefined, b.x, b.y, b.w, p, bright);
    if (t.denied?.in || t.denied?.out)
      out.push({
        m: 'dot',
        x: b.x + b.w - 1,
        y: b.y + 1,
        r: 3,
        fill: theme.denied,
        line: theme.card,
        width: 1,
        a: bright,
      });
    if (chosen)
      out.push({
        m: 'rect',
        x: b.x - 2,
        y: b.y - 2,
        w: b.w + 4,
        h: b.h + 4,
        r: 7,
        line: theme.accent,
        width: 2,
        a: 1,
      });
  }
}

// ------------------------------------------------------------------- paths

/** faint is the opacity of a path: many are lighter, so that they do not hide each other. */
const faint = (n: number): number => Math.max(0.24, Math.min(0.5, 0.5 * Math.sqrt(140 / Math.max(1, n))));

function routeMarks(out: Mark[], r: Route, p: Picture): void {
  const { theme } = p;
  const { stroke } = r;
  const bright = hot(r, p);
  const chosen = p.focus?.edge === stroke.key;
  const s = p.scene.cardOf.get(stroke.s)!;
  const t = p.scene.cardOf.get(stroke.t)!;
  if (halted(r)) {
    const a = bright ? 0.95 : 0.1;
    const c = verdictColour(theme, stroke.verdict, '');
    out.push({
      m: 'path',
      d: r.path,
      line: c,
      width: chosen ? 2.6 : r.width,
      dash: stroke.verdict === 'denied' ? [5, 3.5] : [1.5, 4],
      round: stroke.verdict === 'dropped',
      a,
    });
    if (!r.mark) return;
    if (stroke.verdict === 'denied') noEntry(out, r.mark, 5.2, c, '#ffffff', a, theme.back);
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
  const size = 3.2 + r.width * 0.42;
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
function noEntry(
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

// ------------------------------------------------------------------ labels

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

export const glyphPath = (g: Glyph): string => glyphs[g];
