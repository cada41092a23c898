// Fails the build when the page grows past what page.md allows.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limits = { js: 80, css: 10 };
const dist = new URL('../../dist/', import.meta.url);
let failed = false;
for (const [ext, limit] of Object.entries(limits)) {
  const files = readdirSync(dist, { recursive: true }).filter((f) => f.endsWith(`.${ext}`));
  const kb =
    files.reduce((n, f) => n + gzipSync(readFileSync(new URL(f, dist)), { level: 9 }).length, 0) / 1024;
  console.log(`${ext}: ${kb.toFixed(1)} of ${limit} KB gzip`);
  if (kb > limit) failed = true;
}
if (failed) {
  console.error('over budget: take something out, or argue for a new budget in page.md');
  process.exit(1);
}
