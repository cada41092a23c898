// The first minute with the real binary: an empty page, files given to it, the
// map. The fixture plays the same in its /empty/ world, one world for all tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from '@playwright/test';
import { axe } from './axe';

const bin = process.env.PERIPLUS_BIN;
test.skip(!bin, 'starts the binary itself');

const picture = (name: string) => ({
  path: new URL(`../../../artifacts/page/real-${name}.png`, import.meta.url).pathname,
});

let server: ChildProcess;
let base = '';
test.beforeEach(async () => {
  server = spawn(bin as string, ['map', '--open=false', '--addr', '127.0.0.1:0'], { stdio: 'pipe' });
  base = await new Promise((done, fail) => {
    let text = '';
    const read = (b: Buffer) => {
      text += b.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (found) done(`${found[0]}/`);
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.on('exit', (code) => fail(new Error(`ended with ${code}: ${text}`)));
  });
});
test.afterEach(async () => {
  const ended = new Promise((r) => server.on('exit', r));
  server.kill('SIGINT');
  await ended;
});

const line = (port: number, action: string, at: number) =>
  `2 123456789012 eni-1235b8ca123456789 10.0.0.5 10.0.1.9 ${port} 443 6 20 4249 ${at} ${at + 50} ${action} OK\n`;
const head =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n';
const log = (n: number) =>
  head +
  Array.from({ length: n }, (_, i) => line(40000 + i, i % 5 ? 'ACCEPT' : 'REJECT', 1764590400 + i * 60)).join(
    '',
  );

test('files given to the empty page become a map', async ({ page }) => {
  await page.goto(base);
  await expect(page.getByRole('heading', { name: 'No flow logs yet' })).toBeVisible();
  await axe(page, 'first run');
  await page.screenshot(picture('first-run'));
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([
      { name: 'a.log', mimeType: 'text/plain', buffer: Buffer.from(log(50)) },
      { name: 'junk.bin', mimeType: 'text/plain', buffer: Buffer.from([0, 1, 2, 3, 255, 254, 9, 9]) },
    ]);
  await expect(page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button').first()).toBeAttached(
    { timeout: 20_000 },
  );
  const job = page.locator('.job');
  await expect(job).toContainText('done');
  await expect(job).toContainText('50 records');
  await expect(job).toContainText('1 unreadable');
  await job.getByText('What could not be read').click();
  await expect(job).toContainText('junk.bin');
  await axe(page, 'what was read');
  await page.screenshot(picture('read'));
  await expect(page.getByRole('region', { name: 'Denied paths' })).toContainText('10');
  await job.getByRole('button', { name: /Close/ }).click();
  await expect(job).toHaveCount(0);

  // More files may come at any time.
  await page.evaluate(
    (text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'b.log'));
      for (const type of ['dragover', 'drop'])
        dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    log(3).replaceAll('10.0.0.5', '10.0.0.6'),
  );
  await expect(page.locator('.job')).toContainText('done', { timeout: 20_000 });
  await expect(page.locator('.job')).toContainText('3 records');
});

test('junk alone is told as such, and the page stays as it was', async ({ page }) => {
  await page.goto(base);
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([{ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no log at all\n') }]);
  const job = page.getByRole('status').filter({ hasText: 'notes.txt' });
  await expect(job).toContainText('failed', { timeout: 20_000 });
  await expect(page.getByRole('heading', { name: 'No flow logs yet' })).toBeVisible();
  await page.screenshot(picture('junk'));
});

test('demo data', async ({ page }) => {
  test.setTimeout(150_000);
  await page.goto(base);
  await page.getByRole('button', { name: 'Show demo data' }).click();
  await expect(page.getByRole('status')).toContainText(/reading|merging|waiting|records are read/);
  await expect(page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button').first()).toBeAttached(
    { timeout: 140_000 },
  );
});
