// Writes public/glyphs.svg: the paths of the Tabler icons (MIT, see NOTICE) that
// the page uses, and no others, with the table of kinds; and src/glyph.ts, their names. Run with `npm run glyphs`.
import { readFileSync, writeFileSync } from 'node:fs';

const names = `
  server-2 network arrows-split-2 arrows-exchange door cloud lock-open lock database
  bolt lambda container hexagons bucket table plug-connected topology-star-3 world-search
  world-www search chart-bar folders lock-access route-2 wall api stack-2
  activity arrows-left-right shield world-bolt router terminal-2 map-pin world flag
  affiliate user building radar question-mark pin sun moon link
  download chevron-down chevron-right chevron-left x plus minus maximize player-pause
  player-play alert-triangle menu-2 filter eye-off refresh focus-2 box snowflake
`
  .trim()
  .split(/\s+/)
  .sort();

const pathOf = (name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, 'utf8');
  const body = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1);
  if (/<(?!path|\/svg)[a-z]/.test(body)) throw new Error(`${name}: more than paths`);
  const d = [...body.matchAll(/<path[^>]* d="([^"]+)"/g)]
    .map((m) => m[1])
    .filter((p) => p !== 'M0 0h24v24H0z');
  return d.join(' ');
};
writeFileSync(
  'src/glyph.ts',
  `// Made by scripts/glyphs.mjs. Do not edit.
export type Glyph =
${names.map((name) => `  | '${name}'`).join('\n')};
`,
);
writeFileSync(
  'public/glyphs.svg',
  `<svg xmlns="http://www.w3.org/2000/svg">
<desc>${readFileSync('scripts/kinds.txt', 'utf8')}</desc>
${names.map((name) => `<path id="${name}" d="${pathOf(name)}"/>`).join('\n')}
</svg>
`,
);
console.log(`${names.length} glyphs`);
