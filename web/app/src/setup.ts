// Tests have the glyphs and kinds that the page fetches.
import { readFileSync } from 'node:fs';
import { readGlyphs } from './glyphs';

readGlyphs(readFileSync('public/glyphs.svg', 'utf8'));
