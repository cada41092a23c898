// The SVG writer: the same paint list as a file that stands alone.
import { outline } from '../glyphs';
import type { Box } from './geometry';
import { family, type Mark } from './marks';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** esc writes foreign text: escaped, and without what no XML may hold: control characters, half characters. */
const esc = (s: string): string =>
  s
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (c) => escapes[c]);
const n = (v: number): string => String(Math.round(v * 100) / 100);

export function svgOf(marks: Mark[], size: Box, back: string, title: string): string {
  const defs: string[] = [];
  const images = new Map<string, string>(); // each picture is in the file once
  const body = marks.map((k) => one(k, defs, images)).join('\n');
  const [x, y, w, h] = [size.x, size.y, size.w, size.h].map(n);
  const box = `x="${x}" y="${y}" width="${w}" height="${h}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${w}" height="${h}" viewBox="${x} ${y} ${w} ${h}" font-family="${esc(family)}">
<title>${esc(title)}</title>
<defs><clipPath id="seen"><rect ${box}/></clipPath>${defs.join('')}</defs>
<g clip-path="url(#seen)">
<rect ${box} fill="${back}"/>
${body}
</g>
</svg>
`;
}

const dash = (d?: number[]): string => (d ? ` stroke-dasharray="${d.join(' ')}"` : '');
/** ink is a colour as every program reads it: what shines through stands apart. */
const ink = (what: 'fill' | 'stroke', c = 'none'): string => {
  const m = /^rgba\((.*), ([\d.]+)\)$/.exec(c);
  return m ? ` ${what}="rgb(${m[1]})" ${what}-opacity="${m[2]}"` : ` ${what}="${c}"`;
};
const op = (a: number): string => (a < 1 ? ` opacity="${n(a)}"` : '');

function one(k: Mark, defs: string[], images: Map<string, string>): string {
  if (k.to) return ''; // for a map that is seen from afar
  switch (k.m) {
    case 'rect':
      return `<rect x="${n(k.x)}" y="${n(k.y)}" width="${n(k.w)}" height="${n(k.h)}" rx="${n(k.r)}"${ink('fill', k.fill)}${k.line ? `${ink('stroke', k.line)} stroke-width="${k.width ?? 1}"` : ''}${dash(k.dash)}${op(k.a)}/>`;
    case 'path': {
      let line = k.line;
      if (typeof line !== 'string') {
        const id = `g${defs.length}`;
        defs.push(
          `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="${n(line.a.x)}" y1="${n(line.a.y)}" x2="${n(line.b.x)}" y2="${n(line.b.y)}"><stop offset=".15" stop-color="${line.from}"/><stop offset=".85" stop-color="${line.to}"/></linearGradient>`,
        );
        line = `url(#${id})`;
      }
      return `<path d="${k.d}" fill="none" stroke="${line}" stroke-width="${n(k.width)}"${k.round ? ' stroke-linecap="round"' : ''}${dash(k.dash)}${op(k.a)}/>`;
    }
    case 'fill':
      return `<path d="${k.d}"${ink('fill', k.fill)}${op(k.a)}/>`;
    case 'dot':
      return `<circle cx="${n(k.x)}" cy="${n(k.y)}" r="${n(k.r)}"${ink('fill', k.fill)}${k.line ? `${ink('stroke', k.line)} stroke-width="${k.width ?? 1}"` : ''}${op(k.a)}/>`;
    case 'image': {
      const id = `i${defs.length}`;
      let use = images.get(k.of.data);
      if (!use) {
        use = id;
        images.set(k.of.data, id);
        defs.push(`<image id="${id}" width="48" height="48" xlink:href="${esc(k.of.data)}"/>`);
      }
      return `<use xlink:href="#${use}" transform="translate(${n(k.x)} ${n(k.y)}) scale(${k.size / 48})"${op(k.a)}/>`;
    }
    case 'glyph':
      return `<path d="${outline(k.name)}" transform="translate(${n(k.x)} ${n(k.y)}) scale(${n(k.size / 24)})" fill="none" stroke="${k.line}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"${op(k.a)}/>`;
    case 'text':
      return `<text x="${n(k.x)}" y="${n(k.y)}" font-size="${n(k.font.size)}" font-weight="${Math.round(k.font.weight / 100) * 100}"${ink('fill', k.fill)}${k.anchor ? ` text-anchor="${k.anchor}"` : ''}${k.halo ? ` paint-order="stroke"${ink('stroke', k.halo)} stroke-width="3" stroke-linejoin="round"` : ''}${op(k.a)}>${esc(k.text)}</text>`;
  }
}
