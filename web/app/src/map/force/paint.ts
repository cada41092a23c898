// Marks of the layout "Force".
import { count } from '../../format';
import { pinMark, type Sign, signMarks } from '../cards';
import { type Box, overlap } from '../geometry';
import { type Font, fit, type Mark, type Picture } from '../marks';
import type { Card } from '../scene';
import { layer, noEntry, routeMarks, strongOf } from '../strokes';
import { alpha, mix } from '../theme';
import type { FrameBox } from '../tiers';
import { host, hostsOf, lattice } from './bubbles';

const big: Font = { size: 14, weight: 680 };
const middle: Font = { size: 11.5, weight: 640 };
const small: Font = { size: 11, weight: 600 };
const dimmed = 0.34;

const mid = (b: Box) => ({ x: b.x + b.w / 2, y: b.y + b.h / 2 });

export function paintBubbles(p: Picture): Mark[] {
  const out: Mark[] = [];
  for (const f of p.layout.frames) frameMark(out, f, p);
  const cards = [...new Set(p.scene.cardOf.values())];
  for (const c of cards) backMark(out, c, p);
  const order = [...p.routes].sort((a, b) => layer(a, p) - layer(b, p));
  const strong = strongOf(p.routes);
  for (const r of order) if (layer(r, p) < 2) routeMarks(out, r, p, strong(r));
  for (const c of cards) hostMarks(out, c, p);
  for (const r of order) if (layer(r, p) >= 2) routeMarks(out, r, p, true);
  names(out, cards, p);
  return out;
}

const ring = (b: Box): { x: number; y: number; w: number; h: number; r: number } => ({
  x: b.x,
  y: b.y,
  w: b.w,
  h: b.h,
  r: b.w / 2,
});

function frameMark(out: Mark[], f: FrameBox, p: Picture): void {
  const { theme } = p;
  const c = theme.provider[f.frame.provider];
  const inner = f.kind === 'subnet';
  out.push({
    m: 'rect',
    ...ring(f.box),
    fill: inner ? alpha(theme.back, theme.dark ? 0.35 : 0.5) : alpha(c, theme.dark ? 0.11 : 0.1),
    line: mix(c, theme.back, inner ? 0.58 : theme.dark ? 0.35 : 0.25),
    width: inner ? 1 : 1.3,
    dash: inner ? [4, 4] : undefined,
    a: 1,
  });
}

const bright = (c: Card, p: Picture): number => (p.focus && !p.focus.nodes.has(c.id) ? dimmed : 1);

function backMark(out: Mark[], c: Card, p: Picture): void {
  const box = p.layout.cards.get(c.id);
  if (!box || hostsOf(c) < 2) return;
  const fill = mix(p.theme.provider[c.provider], p.theme.back, p.theme.dark ? 0.82 : 0.86);
  out.push({ m: 'rect', ...ring(box), fill, a: bright(c, p) });
}

function hostMarks(out: Mark[], c: Card, p: Picture): void {
  const box = p.layout.cards.get(c.id);
  if (!box) return;
  const { theme } = p;
  const a = bright(c, p);
  const at = mid(box);
  const n = hostsOf(c);
  const one = (x: number, y: number, r: number, sign: Sign, red: boolean, a: number) => {
    const of = p.packed?.(sign.kind);
    out.push({
      m: 'dot',
      x,
      y,
      r,
      fill: of ? theme.card : theme.provider[c.provider],
      line: red ? theme.denied : undefined,
      width: red ? 2 : undefined,
      a,
    });
    if (of) out.push({ m: 'image', of, x: x - r * 0.68, y: y - r * 0.68, size: r * 1.36, a });
    else signMarks(out, sign, x, y, r * 0.91, p, { a });
  };
  if (c.tiles.length)
    for (const t of c.tiles) {
      const b = p.layout.tiles.get(t.id);
      if (!b) continue;
      const lit = !p.focus || p.focus.nodes.has(t.id) || p.focus.selected.has(c.id) ? a : dimmed;
      one(mid(b).x, mid(b).y, b.w / 2, t, Boolean(t.denied?.in), lit);
      chosen(out, t.id, b, p);
    }
  else if (n === 1) one(at.x, at.y, box.w / 2, c, c.denied > 0, a);
  else
    for (const q of lattice(n, 2 * host + 1.5)) one(at.x + q.x, at.y + q.y, host - 0.5, c, c.denied > 0, a);
  chosen(out, c.id, box, p);
}

function chosen(out: Mark[], id: string, b: Box, p: Picture): void {
  const grown = { x: b.x - 3, y: b.y - 3, w: b.w + 6, h: b.h + 6 };
  if (p.focus?.selected.has(id))
    out.push({ m: 'rect', ...ring(grown), line: p.theme.accent, width: 2, a: 1 });
  if (p.layout.pinned?.has(id)) pinMark(out, mid(b).x + b.w * 0.36, mid(b).y - b.w * 0.36, p);
}

/** A Field finds what lies at a box without asking everything. */
class Field {
  #cells = new Map<string, Box[]>();
  constructor(list: Box[]) {
    for (const b of list) this.add(b);
  }
  #at(b: Box): string[] {
    const out: string[] = [];
    for (let x = Math.floor(b.x / 60); x <= (b.x + b.w) / 60; x++)
      for (let y = Math.floor(b.y / 60); y <= (b.y + b.h) / 60; y++) out.push(`${x} ${y}`);
    return out;
  }
  add(b: Box): void {
    for (const k of this.#at(b)) this.#cells.set(k, [...(this.#cells.get(k) ?? []), b]);
  }
  hits(b: Box, but: Box): boolean {
    return this.#at(b).some((k) => this.#cells.get(k)?.some((o) => o !== but && overlap(b, o)));
  }
}

interface Name {
  over: boolean; // it may lie over other bubbles
  own: Box;
  text: string;
  more: string; // ×12, in the provider's colour
  font: Font;
  fill: string;
  moreFill: string;
  spots: { x: number; y: number }[]; // of the text's middle, by preference
  a: number;
  red: string;
}

/** names writes what has room: boxes first, then what is in focus, then the largest. */
function names(out: Mark[], cards: Card[], p: Picture): void {
  const { theme, layout } = p;
  const taken = new Field([]);
  const discs = new Field(cards.map((c) => layout.cards.get(c.id)!).filter(Boolean));
  const none = new Field([]);
  for (const kind of ['network', 'subnet'])
    for (const f of layout.frames) {
      if ((f.kind === 'subnet') !== (kind === 'subnet')) continue;
      const m = mid(f.box);
      const font = kind === 'subnet' ? middle : big;
      const text = fit(
        f.frame.label,
        font,
        kind === 'subnet' ? Math.max(70, f.box.w * 0.8) : Math.max(150, f.box.w),
        p.measure,
      );
      const top = f.box.y + (kind === 'subnet' ? 13 : -6);
      write(out, taken, none, p, {
        own: f.box,
        over: true,
        text,
        more: '',
        font,
        fill: kind === 'subnet' ? theme.ink[f.frame.provider] : theme.text,
        moreFill: '',
        spots:
          kind === 'subnet'
            ? [
                { x: m.x, y: top },
                { x: m.x, y: f.box.y - 2 },
                { x: m.x, y: f.box.y + f.box.h - 5 },
              ]
            : [{ x: m.x, y: top }],
        a: 1,
        red: '',
      });
      if (layout.pinned?.has(f.frame.id)) pinMark(out, m.x + p.measure(text, font) / 2 + 10, top - 4, p);
    }
  const rank = (c: Card) => (p.focus?.nodes.has(c.id) ? 1e18 : 0) + (c.value ?? 0) + c.denied;
  for (const c of [...cards].sort((a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1))) {
    const b = layout.cards.get(c.id);
    if (!b) continue;
    const m = mid(b);
    const n = c.tiles.length || (c.node?.count ?? 1);
    const spots = [
      { x: m.x, y: b.y + b.h + 9 },
      { x: m.x, y: b.y - 3 },
    ];
    write(out, taken, discs, p, {
      own: b,
      over: cards.length < 80 || Boolean(p.focus?.nodes.has(c.id)),
      text: fit(c.label, small, 130, p.measure),
      more: n > 1 ? ` ×${count(n)}` : '',
      font: small,
      fill: theme.text,
      moreFill: theme.ink[c.provider],
      spots,
      a: bright(c, p),
      red: c.denied ? count(c.denied) : '',
    });
  }
}

/** write puts a name at the first of its places that is free; where only other bubbles are in the way it may lie over them. */
function write(out: Mark[], taken: Field, discs: Field, p: Picture, n: Name): void {
  const w1 = p.measure(n.text, n.font);
  const w = w1 + (n.more ? p.measure(n.more, n.font) : 0);
  const box = (s: { x: number; y: number }): Box => ({
    x: s.x - w / 2,
    y: s.y - n.font.size,
    w,
    h: n.font.size + 3,
  });
  const free = (b: Box, all: Field) => !all.hits(b, n.own);
  const at =
    n.spots.find((s) => free(box(s), taken) && free(box(s), discs)) ??
    n.spots.find((s) => free(box(s), taken));
  if (!at) return;
  taken.add(box(at));
  const text = { m: 'text', y: at.y, font: n.font, halo: p.theme.halo, a: n.a } as const;
  out.push({ ...text, x: at.x - w / 2, text: n.text, fill: n.fill });
  if (n.more) out.push({ ...text, x: at.x - w / 2 + w1, text: n.more, fill: n.moreFill });
  if (n.red && n.a === 1 && p.focus)
    noEntry(out, { x: at.x + w / 2 + 8, y: at.y - 3.5 }, 4, p.theme.denied, '#ffffff', 1);
}
