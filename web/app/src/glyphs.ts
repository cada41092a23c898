// The outlines of the glyphs, on a field of 24 by 24, to be stroked. They lie in
// a picture beside the page: buttons use it as it is, the map reads its paths.
import { signal } from '@preact/signals';
import type { Glyph } from './glyph';

export const glyphs = signal(new Map<string, string>());

export const outline = (name: Glyph): string => glyphs.value.get(name) ?? '';

/** readGlyphs takes the paths out of the picture's text. */
export function readGlyphs(svg: string): void {
  glyphs.value = new Map([...svg.matchAll(/id="(.*?)" d="(.*?)"/g)].map((m) => [m[1], m[2]]));
}

/** loadGlyphs fetches the picture; without it the map has no glyphs, and is otherwise whole. */
export const loadGlyphs = (): Promise<void> =>
  fetch('glyphs.svg').then(
    async (r) => readGlyphs(r.ok ? await r.text() : ''),
    () => {},
  );
