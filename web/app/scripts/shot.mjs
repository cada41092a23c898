// Pictures of the page for looking at: node scripts/shot.mjs NAME=PATH[,dark][,WxH] …
import { chromium } from '@playwright/test';

import { executablePath } from './browser.mjs';

const base = process.env.PERIPLUS_URL ?? 'http://127.0.0.1:7071/';
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const arg of process.argv.slice(2)) {
  const [name, rest] = [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)];
  const [path, ...options] = rest.split('|');
  const size = options.find((o) => /^\d+x\d+$/.test(o)) ?? '1440x900';
  const [width, height] = size.split('x').map(Number);
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: options.includes('dark') ? 'dark' : 'light',
  });
  page.on('console', (m) => m.type() === 'error' && console.log(name, 'console:', m.text()));
  page.on('pageerror', (e) => console.log(name, 'error:', e.message));
  await page.goto(new URL(path, base).href);
  await page.waitForTimeout(900);
  for (const o of options) {
    if (o.startsWith('hover:')) await page.mouse.move(...o.slice(6).split(':').map(Number));
    if (o.startsWith('click:')) await page.mouse.click(...o.slice(6).split(':').map(Number));
    if (o.startsWith('type:')) await page.locator('#filter').fill(o.slice(5));
    if (o.startsWith('press:')) await page.keyboard.press(o.slice(6));
    if (o.startsWith('wait:')) await page.waitForTimeout(Number(o.slice(5)));
  }
  await page.waitForTimeout(400);
  await page.screenshot({ path: `shots/${name}.png` });
  await page.close();
}
await browser.close();
