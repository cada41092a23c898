// The SVG writer: the same paint list as a file that stands alone.
import { glyphs } from '../glyphs';
import type { Box } from './geometry';
import { family, type Mark } from './marks';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** esc writes foreign text: escaped, and without the control characters that no XML may hold. */
const esc = (s: string): string =>
  [...s].map((c) => (c < ' ' && c !== '\t' && c !== '\n' ? '' : (escapes[c] ?? c))).join('');
const n = (v: number): string => String(Math.round(v * 100) / 100);

export function svgOf(marks: Mark[], size: Box, back: string, title: string): string {
  const defs: string[] = [];
  const images = new Map<string, string>(); // each picture is in the file once
  const body = marks.map((k) => one(k, defs, images)).join('\n');
  const pad = 16;
  const [w, h] = [size.w + 2 * pad, size.h + 2 * pad];
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${n(w)}" height="${n(h)}" viewBox="${n(size.x - pad)} ${n(size.y - pad)} ${n(w)} ${n(h)}" font-family="${esc(family)}">
<title>${esc(title)}</title>
<defs>${defs.join('')}</defs>
<rect x="${n(size.x - pad)}" y="${n(size.y - pad)}" width="${n(w)}" height="${n(h)}" fill="${back}"/>
${body}
</svg>
`;
}

const dash = (d?: number[]): string => (d ? ` stroke-dasharray="${d.join(' ')}"` : '');
const op = (a: number): string => (a < 1 ? ` opacity="${n(a)}"` : '');

function one(k: Mark, defs: string[], images: Map<string, string>): string {
  switch (k.m) {
    case 'rect':
      return `<rect x="${n(k.x)}" y="${n(k.y)}" width="${n(k.w)}" height="${n(k.h)}" rx="${n(k.r)}" fill="${k.fill ?? 'none'}"${k.line ? ` stroke="${k.line}" stroke-width="${k.width ?? 1}"` : ''}${dash(k.dash)}${op(k.a)}/>`;
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
      return `<path d="${k.d}" fill="${k.fill}"${op(k.a)}/>`;
    case 'dot':
      return `<circle cx="${n(k.x)}" cy="${n(k.y)}" r="${n(k.r)}" fill="${k.fill ?? 'none'}"${k.line ? ` stroke="${k.line}" stroke-width="${k.width ?? 1}"` : ''}${op(k.a)}/>`;
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
      return `<path d="${glyphs[k.name]}" transform="translate(${n(k.x)} ${n(k.y)}) scale(${n(k.size / 24)})" fill="none" stroke="${k.line}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"${op(k.a)}/>`;
    case 'text':
      return `<text x="${n(k.x)}" y="${n(k.y)}" font-size="${n(k.font.size)}" font-weight="${k.font.weight}" fill="${k.fill}"${k.anchor ? ` text-anchor="${k.anchor}"` : ''}${k.halo ? ` paint-order="stroke" stroke="${k.halo}" stroke-width="3" stroke-linejoin="round"` : ''}${op(k.a)}>${esc(k.text)}</text>`;
  }
}
