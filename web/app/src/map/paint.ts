// Paint list: everything that is seen, as a few kinds of marks in drawing
// order. The canvas painter and the SVG writer read the same list.
import { count } from '../format';
import { cardMarks } from './cards';
import { type Font, fit, type Mark, type Picture } from './marks';
import { layer, routeMarks } from './strokes';
import { alpha, mix } from './theme';
import type { FrameBox } from './tiers';

const small: Font = { size: 10, weight: 450 };
const header: Font = { size: 12.5, weight: 650 };
const subheader: Font = { size: 10.5, weight: 620 };

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
