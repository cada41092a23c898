// Cards of the picture: services, hosts, and the tiles of an opened service.
import type { Provider } from '../api';
import { count, quantity, unit } from '../format';
import { iconOf } from '../icons';
import type { Box } from './geometry';
import { type Font, fit, type Mark, type Picture } from './marks';
import type { Card } from './scene';
import { noEntry } from './strokes';
import { mix } from './theme';

const name: Font = { size: 11.5, weight: 620 };
const small: Font = { size: 10, weight: 450 };
const badge: Font = { size: 9.5, weight: 650 };

const dimmed = 0.36;

export function cardMarks(out: Mark[], c: Card, p: Picture): void {
  const box = p.layout.cards.get(c.id);
  if (!box) return;
  const { theme } = p;
  const a = p.focus && !p.focus.nodes.has(c.id) ? dimmed : 1;
  const many = !c.group && c.node?.expandable && (c.node.count ?? 1) > 1;
  const chosen = p.focus?.selected.has(c.id);
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
  if (p.layout.pinned?.has(c.id)) pinMark(out, box.x + box.w - 2, box.y + 1, p);
}

/** pinMark says that something stays where the user put it. */
export function pinMark(out: Mark[], x: number, y: number, p: Picture): void {
  out.push({ m: 'dot', x, y, r: 7, fill: p.theme.accent, line: p.theme.back, width: 1.5, a: 1 });
  out.push({ m: 'glyph', name: 'pin', x: x - 4.5, y: y - 4.5, size: 9, line: p.theme.back, a: 1 });
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
  const of = p.packed?.(kind);
  if (of) {
    // Some are thin lines on nothing, made for white paper.
    if (theme.dark) out.push({ m: 'rect', x, y, w: size, h: size, r: 3, fill: '#f4f5f9', a });
    out.push({ m: 'image', of, x, y, size, a });
    return;
  }
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
    const chosen = p.focus?.selected.has(t.id);
    const bright = !p.focus || p.focus.nodes.has(t.id) || p.focus.selected.has(c.id) ? a : dimmed;
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
    if (p.layout.pinned?.has(t.id)) pinMark(out, b.x + b.w, b.y, p);
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
