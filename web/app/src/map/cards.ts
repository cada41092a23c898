// Cards of the picture: services, hosts, and the tiles of a service's hosts.
import type { Provider } from '../api/words';
import { count, quantity, unit } from '../format';
import { iconOf } from '../icons';
import type { Box } from './geometry';
import { type Font, fit, legible, type Mark, type Picture, type Seen, scaled } from './marks';
import type { Card, Scene } from './scene';
import { noEntry } from './strokes';
import { mix } from './theme';

const name: Font = { size: 11.5, weight: 620 };
const small: Font = { size: 10, weight: 450 };
const badge: Font = { size: 10, weight: 650 };
const tiny: Font = { size: 3.7, weight: 520 }; // for who comes close

const dimmed = 0.36;

export function cardMarks(out: Mark[], c: Card, p: Picture): void {
  const box = p.layout.cards.get(c.id);
  if (!box) return;
  const { theme } = p;
  const a = p.focus && !p.focus.nodes.has(c.id) ? dimmed : 1;
  const many = c.node?.expandable && (c.node.count ?? 1) > 1;
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
  if (c.node) faceMarks(out, c, box, p, a);
  else tileMarks(out, c, box, p, a);
  if (c.self !== undefined) selfMarks(out, c, box, p, a);
  if (p.layout.pinned?.has(c.id)) pinMark(out, box.x + box.w - 2, box.y + 1, p);
}

/** pinMark says that something stays where the user put it. */
export function pinMark(out: Mark[], x: number, y: number, p: Picture): void {
  out.push({ m: 'dot', x, y, r: 7, fill: p.theme.accent, line: p.theme.back, width: 1.5, a: 1 });
  out.push({ m: 'glyph', name: 'pin', x: x - 4.5, y: y - 4.5, size: 9, line: p.theme.back, a: 1 });
}

interface Spot {
  x: number;
  y: number;
  size: number;
}

/** A Sign is what an icon is of. */
export interface Sign {
  kind: string;
  country?: string;
}

function iconMarks(
  out: Mark[],
  of: Sign & { provider: Provider },
  { x, y, size }: Spot,
  p: Picture,
  a: number,
  seen: Seen = {},
): void {
  const { theme } = p;
  const official = p.packed?.(of.kind);
  if (official) {
    // Some are thin lines on nothing, made for white paper.
    if (theme.dark) out.push({ m: 'rect', x, y, w: size, h: size, r: 3, fill: '#f4f5f9', a, ...seen });
    out.push({ m: 'image', of: official, x, y, size, a, ...seen });
    return;
  }
  const fill = theme.provider[of.provider];
  out.push({ m: 'rect', x, y, w: size, h: size, r: size * 0.27, fill, a, ...seen });
  signMarks(out, of, x + size / 2, y + size / 2, size / 2, p, { a, ...seen });
}

/**
 * signMarks is what stands on an icon: a country's letters, else the glyph of
 * the kind. The letters stay as long as a glyph would, also where they are too
 * small for a text: without them the icon were empty.
 */
export function signMarks(
  out: Mark[],
  { kind, country }: Sign,
  x: number,
  y: number,
  r: number,
  { theme }: Picture,
  how: Seen & { a: number },
): void {
  if (country && kind === 'net.country')
    out.push({
      m: 'text',
      x,
      y: y + r * 0.42,
      text: country.slice(0, 2),
      font: { size: r * 1.2, weight: 700 },
      fill: theme.glyph,
      anchor: 'middle',
      least: 3,
      ...how,
    });
  else
    out.push({
      m: 'glyph',
      name: iconOf(kind).glyph,
      x: x - r * 0.68,
      y: y - r * 0.68,
      size: r * 1.36,
      line: theme.glyph,
      ...how,
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

const asked = new WeakMap<Scene, Map<string, Set<string>>>();
/** portsOf are the ports that a card is asked at, for who comes close. */
function portsOf(c: Card, { scene }: Picture): string {
  let of = asked.get(scene);
  if (!of) {
    of = new Map();
    for (const k of scene.strokes) {
      const ports = of.get(k.t) ?? new Set();
      for (const x of k.edge.ports ?? []) ports.add(`${x.port ?? x.proto} ${x.name ?? ''}`.trim());
      of.set(k.t, ports);
    }
    asked.set(scene, of);
  }
  return [...(of.get(c.id) ?? [])].slice(0, 6).join(', ');
}

function faceMarks(out: Mark[], c: Card, box: Box, p: Picture, a: number): void {
  const { theme, measure, layout } = p;
  const { z } = layout;
  const n = c.node!;
  const slim = layout.compact;
  const size = slim ? Math.min(21, 18 * z) : 24;
  const title: Font = scaled(slim ? { ...name, size: 11 } : name, z);
  const less = scaled(small, z);
  const far = legible / title.size; // from there on the name can be read
  const icon = (s: number, x: number, seen: Seen) =>
    iconMarks(out, c, { x, y: box.y + (box.h - s) / 2, size: s }, p, a, seen);
  icon(size, box.x + (slim ? 4 : 7), { from: far });
  icon(box.h - 5, box.x + (box.w - box.h + 5) / 2, { to: far });
  const x = box.x + (slim ? 28 : 38);
  const right = box.x + box.w - 7;
  const full = c.denied ? count(c.denied) : '';
  const fullW = full ? measure(full, scaled(badge, z)) + 18 * z : 0;
  // Beside a name that has no room the sign stands alone.
  const tight = slim && full !== '' && measure(c.label, title) > right - x - fullW;
  const red = tight ? ' ' : full;
  const redW = tight ? 16 * z : fullW;
  const times = (n.count ?? 1) > 1 ? `×${count(n.count)}` : '';
  const timesW = times ? measure(times, less) + 4 : 0;
  const room = right - x - (slim ? redW : 0);
  // A name is worth more than how many they are: that goes to the second line then.
  const whole = measure(c.label, title);
  const below = times !== '' && whole + timesW > room;
  const text = fit(c.label, title, room - (below ? 0 : timesW), measure);
  const mid = box.y + box.h / 2;
  const y = slim ? mid + 3.6 * z : mid - 1.5 - z;
  const ink = theme.ink[c.provider];
  out.push({ m: 'text', x, y, text, font: title, fill: theme.text, a });
  if (times && !below)
    out.push({
      m: 'text',
      x: x + measure(text, title) + 4,
      y,
      text: times,
      font: { ...less, weight: 620 },
      fill: ink,
      a,
    });
  if (red)
    redMarks(out, red, right - redW + 1, slim ? mid - 6.5 * z : box.y + box.h - 3 - 13 * z, redW, p, a);
  if (slim) return;
  const value =
    c.value === null
      ? ''
      : `${quantity(c.value, p.scene.metric)}${p.scene.metric === 'bytes' ? '' : unit(p.scene.metric)}`;
  const note = noteOf(c);
  const more = n.kind.startsWith('net.') ? [note, value] : [value, note];
  const y2 = mid + 10.8 * z;
  let x2 = x;
  if (below) {
    out.push({ m: 'text', x, y: y2, text: times, font: { ...less, weight: 620 }, fill: ink, a });
    x2 += timesW + 2;
  }
  // What does not fit beside the first is left out, not cut.
  const left = right - x2 - redW;
  const both = more.filter(Boolean).join(' · ');
  const second = [both, ...more].find((t) => t && measure(t, less) <= left);
  if (second) out.push({ m: 'text', x: x2, y: y2, text: second, font: less, fill: theme.muted, a });
  const ports = portsOf(c, p);
  if (ports && !layout.compact)
    out.push({
      m: 'text',
      x: box.x + 7,
      y: box.y + box.h - 1.6,
      text: fit(ports, tiny, box.w - 14, measure),
      font: tiny,
      fill: theme.muted,
      a,
    });
}

function redMarks(out: Mark[], text: string, x: number, y: number, w: number, p: Picture, a: number): void {
  const { z } = p.layout;
  out.push({ m: 'rect', x, y, w, h: 13 * z, r: 6.5 * z, fill: p.theme.badge, a });
  noEntry(out, { x: x + 8 * z, y: y + 6.5 * z }, 4 * z, p.theme.badgeText, p.theme.badge, a);
  out.push({
    m: 'text',
    x: x + 14.5 * z,
    y: y + 10.1 * z,
    text,
    font: scaled(badge, z),
    fill: p.theme.badgeText,
    a,
  });
}

/** selfMarks is a small loop under the card: its members talk among themselves. */
function selfMarks(out: Mark[], c: Card, box: Box, p: Picture, a: number): void {
  const [x, y] = [box.x + box.w - 24, box.y + box.h];
  const line = p.theme.provider[c.provider];
  const alpha = a === 1 ? 0.75 : 0.1;
  out.push({
    m: 'path',
    d: `M${x} ${y}C${x} ${y + 8} ${x + 13} ${y + 8} ${x + 13} ${y + 3.5}`,
    line,
    width: 1.6,
    a: alpha,
  });
  out.push({
    m: 'fill',
    d: `M${x + 13} ${y}L${x + 15.6} ${y + 4.6}L${x + 10.4} ${y + 4.6}Z`,
    fill: line,
    a: alpha,
  });
}

/** shortOf is what tells a host from its neighbours. */
const shortOf = (c: Card, label: string): string =>
  c.label.endsWith('.0/24') ? `.${label.slice(label.lastIndexOf('.') + 1)}` : label;

function tileMarks(out: Mark[], c: Card, box: Box, p: Picture, a: number): void {
  const { theme, measure } = p;
  const { z } = p.layout;
  const title = scaled(name, z);
  const less = scaled(small, z);
  const far = legible / title.size;
  const size = Math.min(22, 18 * z);
  iconMarks(out, c, { x: box.x + 5, y: box.y + 15 - size / 2, size }, p, a, { from: far });
  iconMarks(out, c, { x: box.x + 4, y: box.y + 3, size: 24 }, p, a, { to: far });
  const x = box.x + 10 + size;
  const y = box.y + 15 + 4 * z;
  const room = box.w - 17 - size;
  const value = c.value === null ? '' : quantity(c.value, p.scene.metric);
  const times = `×${count(c.tiles.length)}`;
  const timesW = measure(times, less) + 4;
  // The name goes before the number of hosts, and both before the amount.
  const text = fit(c.label, title, Math.max(room - timesW, room * 0.55), measure);
  const w = measure(text, title);
  out.push({ m: 'text', x, y, text, font: title, fill: theme.text, a });
  if (w + timesW <= room)
    out.push({
      m: 'text',
      x: x + w + 4,
      y,
      text: times,
      font: { ...less, weight: 620 },
      fill: theme.ink[c.provider],
      a,
    });
  if (value && w + timesW + measure(value, less) + 6 <= room)
    out.push({
      m: 'text',
      x: box.x + box.w - 7,
      y,
      text: value,
      font: less,
      fill: theme.muted,
      anchor: 'end',
      a,
    });
  for (const t of c.tiles) {
    const b = p.layout.tiles.get(t.id)!;
    const chosen = p.focus?.selected.has(t.id);
    const bright = !p.focus || p.focus.nodes.has(t.id) || p.focus.whole?.has(c.id) ? a : dimmed;
    const big = b.w > 12;
    if (big) iconMarks(out, { ...t, provider: c.provider }, { x: b.x, y: b.y, size: b.w }, p, bright);
    else out.push({ m: 'rect', ...b, r: 2, fill: theme.provider[c.provider], a: bright });
    const red = t.denied?.in || t.denied?.out;
    if (red)
      out.push({
        m: 'dot',
        x: b.x + b.w - 1,
        y: b.y + 1,
        r: big ? 3 : 2,
        fill: theme.denied,
        line: theme.card,
        width: 1,
        a: bright,
      });
    if (p.layout.pinned?.has(t.id)) pinMark(out, b.x + b.w, b.y, p);
    if (big)
      out.push({
        m: 'text',
        x: b.x + b.w / 2,
        y: b.y + b.h + 3.7,
        text: fit(shortOf(c, t.label), tiny, b.w + 5, measure),
        font: tiny,
        fill: theme.text,
        anchor: 'middle',
        a: bright,
      });
    if (chosen)
      out.push({
        m: 'rect',
        x: b.x - 2,
        y: b.y - 2,
        w: b.w + 4,
        h: b.h + 4,
        r: big ? 7 : 3,
        line: theme.accent,
        width: 2,
        a: 1,
      });
  }
}
