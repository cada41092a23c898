// The outlines of the glyphs, on a field of 24 by 24, to be stroked, and the
// table of what they stand for. They lie in a picture beside the page: buttons
// use it as it is, the map reads it.
import { signal } from '@preact/signals';
import type { Glyph } from './glyph';
import { readKinds } from './icons';

const glyphs = signal(new Map<string, string>());
/** glyphsRead tells that the picture was read, or cannot be. */
export const glyphsRead = signal(false);

export const outline = (name: Glyph): string => glyphs.value.get(name) ?? '';

/** readGlyphs takes the paths and the table out of the picture's text. */
export function readGlyphs(svg: string): void {
  glyphs.value = new Map([...svg.matchAll(/id="(.*?)" d="(.*?)"/g)].map((m) => [m[1], m[2]]));
  readKinds(svg.split(/<.?desc>/)[1] ?? '');
  glyphsRead.value = true;
}

/** loadGlyphs fetches the picture; without it the map has no glyphs, and is otherwise whole. */
export const loadGlyphs = (): Promise<void> =>
  fetch('glyphs.svg')
    .then((r) => (r.ok ? r.text() : ''))
    .catch(() => '')
    .then(readGlyphs);
