// Measures the page in Chromium without a GPU: node scripts/bench.mjs URL …
// or, over a lake that it serves itself: node scripts/bench.mjs BINARY LAKE
// Prints a table and the same as JSON; it judges nothing and writes no file.
//
//   first paint    the browser's first-contentful-paint
//   first picture  the first frame that shows a map
//   layout         from an answer to its places, on the page's thread or in the worker
//   pan, zoom      pictures a second and the longest wait for one, over two
//                  seconds of a real mouse
//   blocked        the longest task of the page's thread from its start to the end
import { spawn } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { chromium } from '@playwright/test';

import { executablePath } from './browser.mjs';

let urls = process.argv.slice(2);
if (!urls.length) {
  console.error('which page? node scripts/bench.mjs http://127.0.0.1:7070/ …, or BINARY LAKE');
  process.exit(2);
}
let server = null;
if (!/^https?:/.test(urls[0])) {
  const [bin, lake] = urls;
  const base = `http://127.0.0.1:${process.env.PORT ?? 7178}/`;
  server = spawn(bin, ['serve', '--read-only', '--lake', lake, '--addr', new URL(base).host], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  server.on('exit', (code) => {
    if (code) process.exit(code);
  });
  // The usual page, as much as can be drawn, and the second layout of both.
  urls = ['', '?v=1&cap=3', '?v=1&layout=force', '?v=1&cap=3&layout=force'].map((q) => base + q);
  for (let i = 0; ; i++) {
    if (
      await fetch(`${base}api/v1/meta`).then(
        (r) => r.ok,
        () => false,
      )
    )
      break;
    if (i > 300) throw new Error(`${bin} serves nothing at ${base}`);
    await new Promise((go) => setTimeout(go, 100));
  }
}
const runs = Number(process.env.RUNS ?? 3);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu'],
});

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];
const round = (n) => (n == null ? null : Math.round(n * 10) / 10);

/** frames counts the pictures while something goes on. */
async function frames(page, during) {
  await page.evaluate(() => {
    const at = (window.frames_ = []);
    const tick = (t) => {
      at.push(t);
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  });
  await during();
  const at = await page.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    return window.frames_;
  });
  const gaps = at.slice(1).map((t, i) => t - at[i]);
  const all = gaps.reduce((n, g) => n + g, 0);
  return { fps: round((gaps.length / all) * 1000), longest: round(Math.max(...gaps)) };
}

async function pan(page, box) {
  // Begun in the corner, where nothing is that could be dragged instead.
  const [x, y] = [box.x + 5, box.y + box.height - 5];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const end = Date.now() + 2000;
  for (let i = 0; Date.now() < end; i++) {
    await page.mouse.move(x + 200 + 200 * Math.sin(i / 14), y - 100 + 60 * Math.cos(i / 9));
  }
  await page.mouse.up();
}

async function zoom(page, box) {
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const end = Date.now() + 2000;
  for (let i = 0; Date.now() < end; i++) await page.mouse.wheel(0, i % 60 < 30 ? -24 : 24);
}

async function once(url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const js = new Map();
  page.on('response', async (r) => {
    if (/\.js(\?|$)/.test(r.url())) js.set(r.url(), await r.body().catch(() => Buffer.alloc(0)));
  });
  await page.addInitScript(() => {
    window.tasks = [];
    new PerformanceObserver((l) => window.tasks.push(...l.getEntries().map((e) => e.duration))).observe({
      type: 'longtask',
      buffered: true,
    });
  });
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('periplus.map').length > 0, null, {
    timeout: 60_000,
  });
  await page.waitForTimeout(800);
  const got = await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    picture: performance.getEntriesByName('periplus.map')[0].startTime,
    layouts: performance
      .getEntriesByType('measure')
      .filter((m) => m.name.startsWith('periplus.layout'))
      .map((m) => ({ ms: m.duration, worker: m.name.endsWith('worker') })),
    blocked: Math.max(0, ...window.tasks),
    what: document.querySelector('[role=application]').getAttribute('aria-label'),
  }));
  const box = await page.getByRole('application').boundingBox();
  const panned = await frames(page, () => pan(page, box));
  await page.waitForTimeout(400);
  const zoomed = await frames(page, () => zoom(page, box));
  await page.close();
  const size = [...js.values()].reduce((n, b) => n + gzipSync(b, { level: 9 }).length, 0);
  return { ...got, panned, zoomed, js: size / 1024 };
}

const report = [];
for (const url of urls) {
  await once(url); // so that the first is as warm as the others
  const all = [];
  for (let i = 0; i < runs; i++) all.push(await once(url));
  const m = (f) => round(middle(all.map(f)));
  const last = all[all.length - 1];
  report.push({
    url,
    map: last.what.replace('Network map: ', ''),
    first_paint_ms: m((a) => a.paint),
    first_picture_ms: m((a) => a.picture),
    layout_ms: m((a) => a.layouts.at(-1)?.ms),
    in_worker: last.layouts.at(-1)?.worker ?? false,
    blocked_ms: m((a) => a.blocked),
    pan_fps: m((a) => a.panned.fps),
    pan_longest_ms: m((a) => a.panned.longest),
    zoom_fps: m((a) => a.zoomed.fps),
    zoom_longest_ms: m((a) => a.zoomed.longest),
    js_kb_gzip: m((a) => a.js),
  });
}
await browser.close();
server?.kill();

const columns = Object.keys(report[0]).filter((k) => k !== 'url');
for (const r of report) {
  console.log(r.url);
  for (const c of columns) console.log(`  ${c.padEnd(18)} ${r[c]}`);
}
console.log(JSON.stringify(report));
