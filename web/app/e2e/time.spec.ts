// Time: playback, pausing, and the keyboard of the brush; over the fixture and
// over the real binary alike.
import { expect, type Page, test } from '@playwright/test';

const nodes = (page: Page) => page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button');
const open = async (page: Page, path = './') => {
  await page.goto(path);
  await expect(nodes(page).first()).toBeAttached();
  await expect(page.locator('.progress.on')).toHaveCount(0);
};
const from = (page: Page) => new URL(page.url()).searchParams.get('from') ?? '';
/** places are the nodes by name in the order of where they lie: what the list says after the name changes with the traffic. */
const places = (page: Page) =>
  nodes(page).evaluateAll((list) => list.map((x) => x.getAttribute('aria-label')?.split(';')[0]));

test('plays through time: a bin a step, one question each, no node moves', async ({ page }) => {
  let asked = 0;
  let running = 0;
  let most = 0;
  await page.route('**/api/v1/graph?*', async (route) => {
    asked++;
    most = Math.max(most, ++running);
    await new Promise((r) => setTimeout(r, 150));
    await route.continue();
    running--;
  });
  await open(page);
  const before = await places(page);
  asked = 0;
  await page.getByRole('combobox', { name: 'Speed of playback' }).selectOption('8');
  await page.getByRole('button', { name: 'Play through time' }).click();
  await expect.poll(() => from(page)).not.toBe('');
  const begin = from(page);
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Pause playback' }).click();
  await expect(page.locator('.progress.on')).toHaveCount(0);
  expect(Date.parse(from(page))).toBeGreaterThan(Date.parse(begin));
  expect(most, 'questions at once').toBe(1);
  expect(await places(page), 'the same nodes in the same order').toEqual(before);
  const at = from(page);
  await page.waitForTimeout(600);
  expect(from(page), 'paused').toBe(at);
  await page.goBack(); // the whole playback is one step
  await expect.poll(() => from(page)).toBe('');
});

test('who moves the range takes it from the playback', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Play through time' }).click();
  await expect.poll(() => from(page)).not.toBe('');
  await page.getByRole('group', { name: 'Traffic over time' }).dblclick({ position: { x: 300, y: 30 } });
  await expect(page.getByRole('button', { name: 'Play through time' })).toBeVisible();
  expect(from(page)).toBe('');
});

test('with reduced motion playback is a step at a time', async ({ browser, baseURL }) => {
  const page = await browser.newPage({ reducedMotion: 'reduce', baseURL });
  await open(page);
  await page.getByRole('button', { name: 'Play through time' }).click();
  await expect.poll(() => from(page)).not.toBe('');
  await expect(page.getByRole('button', { name: 'Play through time' })).toBeVisible();
  const at = from(page);
  await page.waitForTimeout(900);
  expect(from(page)).toBe(at);
  await page.getByRole('button', { name: 'Play through time' }).click();
  await expect.poll(() => Date.parse(from(page))).toBeGreaterThan(Date.parse(at));
  await page.close();
});

test('the handles of the brush: Home, End, and none passes the other', async ({ page }) => {
  await open(page);
  const begin = page.getByRole('slider', { name: 'Begin of the range' });
  const end = page.getByRole('slider', { name: 'End of the range' });
  const value = (of: typeof begin) => of.getAttribute('aria-valuenow').then(Number);
  const [a, b] = [await value(begin), await value(end)];
  await begin.focus();
  await page.keyboard.press('End');
  await expect.poll(() => value(begin)).toBeGreaterThan(a);
  expect(await value(begin)).toBeLessThan(b);
  expect(await value(end)).toBe(b);
  await expect(begin).toBeFocused();
  await page.keyboard.press('Home');
  await expect.poll(() => value(begin)).toBe(a);
  await expect(begin).toHaveAttribute('aria-valuetext', /\d\d:\d\d UTC/);
});

test('new data is shown as it arrives, and waits while paused', async ({ page }) => {
  test.skip(Boolean(process.env.PERIPLUS_URL), 'news come when the fixture says so');
  await page.addInitScript(() => {
    const streams: EventTarget[] = [];
    class Stream extends EventTarget {
      constructor() {
        super();
        streams.push(this);
      }
      close() {
        streams.splice(streams.indexOf(this), 1);
      }
    }
    Object.assign(window, {
      EventSource: Stream,
      tell: (mark: string) => {
        for (const s of streams)
          s.dispatchEvent(new MessageEvent('data', { data: JSON.stringify({ mark, extent: null }) }));
      },
    });
  });
  const tell = (mark: string) =>
    page.evaluate((m) => (window as unknown as { tell: (m: string) => void }).tell(m), mark);
  await open(page);
  let asked = 0;
  page.on('request', (r) => {
    if (r.url().includes('/graph?')) asked++;
  });
  tell('1'); // what is known already
  tell('2');
  await expect.poll(() => asked).toBe(1);
  await page.getByRole('button', { name: 'Live' }).click();
  tell('3');
  await expect(page.getByRole('button', { name: 'New data' })).toBeVisible();
  expect(asked).toBe(1);
  await page.getByRole('button', { name: 'New data' }).click();
  await expect.poll(() => asked).toBe(2);
});
