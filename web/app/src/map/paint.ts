// Paint list: everything that is seen, as a few kinds of marks in drawing
// order. The canvas painter and the SVG writer read the same list.

import type { Provider } from '../api/words';
import { count } from '../format';
import { cardMarks, pinMark } from './cards';
import type { Box } from './geometry';
import { type Font, fit, type Mark, type Picture, scaled } from './marks';
import { lost } from './scene';
import { layer, routeMarks, strongOf } from './strokes';
import { alpha, mix } from './theme';
import type { FrameBox } from './tiers';

const small: Font = { size: 10, weight: 450 };
const header: Font = { size: 12.5, weight: 650 };
const subheader: Font = { size: 10.5, weight: 620 };

export function paint(p: Picture): Mark[] {
  const out: Mark[] = [];
  for (const f of p.layout.frames) frameMarks(out, f, p);
  tetherMarks(out, p);
  const order = [...p.routes].sort((a, b) => layer(a, p) - layer(b, p));
  const strong = strongOf(p.routes);
  for (const r of order) if (layer(r, p) < 2) routeMarks(out, r, p, strong(r));
  for (const f of p.layout.frames) headerMarks(out, f, p);
  for (const card of new Set(p.scene.cardOf.values())) cardMarks(out, card, p);
  for (const r of order) if (layer(r, p) >= 2) routeMarks(out, r, p, true);
  return out;
}

/** tetherMarks tie what was dragged out of its box to it. */
function tetherMarks(out: Mark[], p: Picture): void {
  const tie = (b: Box, home: Box, provider: Provider): void => {
    const [x, y] = [b.x + b.w / 2, b.y + b.h / 2];
    const hx = Math.min(home.x + home.w, Math.max(home.x, x));
    const hy = Math.min(home.y + home.h, Math.max(home.y, y));
    if (hx === x && hy === y) return;
    const line = mix(p.theme.provider[provider], p.theme.back, 0.3);
    const d = `M${x.toFixed(1)} ${y.toFixed(1)}L${hx.toFixed(1)} ${hy.toFixed(1)}`;
    out.push({ m: 'path', d, line, width: 1.2, dash: [2, 3], a: 1 });
    out.push({ m: 'dot', x: hx, y: hy, r: 2.6, fill: line, a: 1 });
  };
  for (const [id, home] of p.layout.loose ?? [])
    tie(p.layout.cards.get(id)!, home, p.scene.cardOf.get(id)!.provider);
  for (const id of p.layout.pinned ?? []) {
    const t = p.layout.tiles.get(id);
    const card = t && p.scene.cardOf.get(id);
    if (t && card) tie(t, p.layout.cards.get(card.id)!, card.provider);
  }
}

/** headers are the boxes of what headers say, which no label may cover. */
export function headers(p: Picture): Box[] {
  const out: Mark[] = [];
  for (const f of p.layout.frames) headerMarks(out, f, p);
  return out.flatMap((k) => {
    if (k.m === 'rect') return [k];
    if (k.m !== 'text') return [];
    const w = p.measure(k.text, k.font);
    return [{ x: k.anchor ? k.x - w : k.x, y: k.y - k.font.size, w, h: k.font.size * 1.3 }];
  });
}

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

/** A line of a header: what is left of it after each text. */
interface Line {
  x: number;
  y: number;
  end: number;
}

/** write puts a text on the line if it fits, or as much of it as fits where it may be cut. */
function write(
  out: Mark[],
  p: Picture,
  line: Line,
  text: string,
  font: Font,
  fill: string,
  cut = false,
): void {
  const room = line.end - line.x;
  const shown = p.measure(text, font) <= room ? text : cut ? fit(text, font, room, p.measure) : '';
  if (!shown) return;
  out.push({ m: 'text', x: line.x, y: line.y, text: shown, font, fill, halo: p.theme.halo, a: 1 });
  line.x += p.measure(shown, font) + 8;
}

/** tail puts a text at the end of the line, where there is room beside what must stand before it. */
function tail(
  out: Mark[],
  p: Picture,
  line: Line,
  text: string,
  font: Font,
  fill: string,
  before: number,
): void {
  const w = p.measure(text, font);
  if (!text || line.x + before + w + 8 > line.end) return;
  out.push({ m: 'text', x: line.end, y: line.y, text, font, fill, anchor: 'end', halo: p.theme.halo, a: 1 });
  line.end -= w + 8;
}

function headerMarks(out: Mark[], f: FrameBox, p: Picture): void {
  const { box, kind, frame } = f;
  if (p.layout.pinned?.has(frame.id)) pinMark(out, box.x + box.w - 3, box.y + 3, p);
  const { theme, measure } = p;
  const z = p.layout.headZ;
  const less = scaled(small, z);
  if (kind === 'network') {
    const fill = theme.provider[frame.provider];
    out.push({ m: 'rect', x: box.x + 9, y: box.y + 6, w: 16, h: 16, r: 4, fill, a: 1 });
    const name = frame.label === lost ? 'question-mark' : 'cloud';
    out.push({ m: 'glyph', name, x: box.x + 11, y: box.y + 8, size: 12, line: theme.glyph, a: 1 });
    const font = scaled(header, Math.min(z, 1.48));
    const n = frame.group?.endpoints;
    const line = { x: box.x + 31, y: box.y + 14.2 + 4.3 * Math.min(z, 1.48), end: box.x + box.w - 12 };
    const long = `${f.context} / ${frame.label}`;
    const whole = f.context && measure(long, font) <= line.end - line.x ? long : frame.label;
    // The name goes before the count, and the count before the rest.
    const w = measure(whole, font);
    tail(out, p, line, n ? `${count(n)} endpoint${n === 1 ? '' : 's'}` : '', less, theme.muted, w);
    if (n && line.end === box.x + box.w - 12) tail(out, p, line, count(n), less, theme.muted, w);
    write(out, p, line, whole, font, theme.text, true);
    for (const text of place(frame.group)) write(out, p, line, text, less, theme.muted);
    return;
  }
  const ink = kind === 'subnet' ? theme.ink[frame.provider] : theme.muted;
  const font = scaled(subheader, Math.min(z, 1.48));
  const line = { x: box.x + 9, y: box.y + 12 + 3.5 * Math.min(z, 1.48), end: box.x + box.w - 9 };
  write(out, p, line, frame.label, font, ink, true);
  if (kind !== 'subnet') return;
  write(out, p, line, frame.group?.cidr?.[0] ?? '', less, theme.muted);
  // What the column means, where the name does not say it.
  const tier = p.scene.tiers.get(frame.id) ?? '';
  if (!frame.label.toLowerCase().includes(tier)) tail(out, p, line, tier, less, theme.muted, 0);
}
