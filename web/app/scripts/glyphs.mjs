// Writes src/glyphs.ts: the paths of the Tabler icons (MIT, see NOTICE) that
// the page uses, and no others. Run with `npm run glyphs`.
import { readFileSync, writeFileSync } from 'node:fs';

const names = `
  server-2 network arrows-split-2 arrows-exchange door cloud lock-open lock database bolt lambda
  container hexagons bucket table plug-connected topology-star-3 world-search world-www search
  chart-bar folders lock-access route-2 wall api stack-2 activity arrows-left-right shield world-bolt
  router terminal-2 map-pin world flag affiliate user building radar question-mark
  sun moon link download chevron-down chevron-right chevron-left x plus minus maximize
  layout-sidebar-left-collapse layout-sidebar-right-collapse player-pause player-play alert-triangle
  arrow-right arrow-left menu-2 filter eye-off refresh keyboard circle-check focus-2 box pin snowflake
`
  .trim()
  .split(/\s+/)
  .sort();

const lines = names.map((name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, 'utf8');
  const body = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1);
  if (/<(?!path|\/svg)[a-z]/.test(body)) throw new Error(`${name}: more than paths`);
  const d = [...body.matchAll(/<path[^>]* d="([^"]+)"/g)]
    .map((m) => m[1])
    .filter((p) => p !== 'M0 0h24v24H0z');
  return `  '${name}': '${d.join(' ')}',`;
});
writeFileSync(
  'src/glyphs.ts',
  `// Made by scripts/glyphs.mjs from @tabler/icons (MIT, see NOTICE). Do not edit.
// Outlines on a field of 24 by 24, to be stroked.
export const glyphs = {
${lines.join('\n')}
} as const;

export type Glyph = keyof typeof glyphs;
`,
);
console.log(`${names.length} glyphs`);
