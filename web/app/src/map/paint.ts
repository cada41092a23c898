// Paint list: everything that is seen, as a few kinds of marks in drawing
// order. The canvas painter and the SVG writer read the same list.

import type { Provider } from '../api';
import { count } from '../format';
import { cardMarks, pinMark } from './cards';
import type { Box } from './geometry';
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
  tetherMarks(out, p);
  const order = [...p.routes].sort((a, b) => layer(a, p) - layer(b, p));
  for (const r of order) if (layer(r, p) < 2) routeMarks(out, r, p);
  for (const f of p.layout.frames) headerMarks(out, f, p);
  for (const card of new Set(p.scene.cardOf.values())) cardMarks(out, card, p);
  for (const r of order) if (layer(r, p) >= 2) routeMarks(out, r, p);
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
  if (p.layout.pinned?.has(frame.id)) pinMark(out, box.x + box.w - 3, box.y + 3, p);
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
