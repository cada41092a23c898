// Fingers, as a touch screen sends them: one moves the map, two pinch it, one
// that stays opens the menu, and the brush and its handles are dragged.
import { type CDPSession, expect, type Page, test } from '@playwright/test';

test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

type At = [x: number, y: number];
const nodes = (page: Page) => page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button');

async function open(page: Page, path: string): Promise<CDPSession> {
  await page.goto(path);
  await expect(nodes(page).first()).toBeAttached();
  await expect(page.locator('.progress.on')).toHaveCount(0);
  return page.context().newCDPSession(page);
}

/** touch moves fingers from where they are put down to where they are lifted. */
async function touch(s: CDPSession, from: At[], to: At[], steps = 6): Promise<void> {
  const points = (t: number) =>
    from.map(([x, y], id) => ({ id, x: x + (to[id][0] - x) * t, y: y + (to[id][1] - y) * t }));
  await s.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(0) });
  for (let i = 1; i <= steps; i++)
    await s.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(i / steps) });
  await s.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

/** placeOf is where on the screen the middle of a node is: its menu opens there. */
async function placeOf(page: Page, n: number): Promise<At> {
  await nodes(page).nth(n).focus();
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu', { name: 'Actions' });
  const at = await menu.evaluate(
    (e: HTMLElement): At => [Number.parseFloat(e.style.left), Number.parseFloat(e.style.top)],
  );
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  return at;
}

test('one finger moves the map, also from a node, and nothing is pinned or selected', async ({ page }) => {
  const s = await open(page, './?v=1&view=map');
  const before = await placeOf(page, 0);
  await touch(s, [before], [[before[0] - 30, before[1] + 40]]);
  const [x, y] = await placeOf(page, 0);
  expect([x - before[0], y - before[1]].map(Math.round)).toEqual([-30, 40]);
  expect(page.url()).not.toMatch(/pins=|sel=/);
});

test('two fingers pinch the map', async ({ page }) => {
  const s = await open(page, './?v=1&view=map');
  const apart = async () => {
    const [a, b] = [await placeOf(page, 0), await placeOf(page, 1)];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  const before = await apart();
  const map = (await page.getByRole('application').boundingBox())!;
  const [x, y] = [map.x + map.width / 2, map.y + map.height / 2];
  await touch(
    s,
    [
      [x - 60, y],
      [x + 60, y],
    ],
    [
      [x - 30, y],
      [x + 30, y],
    ],
  );
  expect(await apart()).toBeCloseTo(before / 2, 0);
});

test('a tap selects, a finger that stays opens the menu', async ({ page }) => {
  const s = await open(page, './?v=1&view=map');
  const at = await placeOf(page, 0);
  await page.touchscreen.tap(...at);
  await expect(page).toHaveURL(/sel=/);
  await page.goBack();
  await s.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: at[0], y: at[1] }] });
  await expect(page.getByRole('menu', { name: 'Actions' })).toBeVisible();
  await s.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await expect(page.getByRole('menu', { name: 'Actions' })).toBeVisible();
  expect(page.url()).not.toMatch(/sel=/);
});

test('a finger brushes over time, and drags a handle', async ({ page }) => {
  const s = await open(page, './?v=1&view=map');
  const b = (await page.getByRole('group', { name: 'Traffic over time' }).boundingBox())!;
  const end = page.getByRole('slider', { name: 'End of the range' });
  const value = () => end.getAttribute('aria-valuenow').then(Number);
  const all = await value();
  const y = b.y + 30;
  await touch(s, [[b.x + b.width * 0.3, y]], [[b.x + b.width * 0.6, y]]);
  await expect(page).toHaveURL(/from=.*to=/);
  const chosen = await value();
  expect(chosen).toBeLessThan(all);
  await touch(s, [[b.x + b.width * 0.6, y]], [[b.x + b.width * 0.8, y]]);
  await expect.poll(value).toBeGreaterThan(chosen);
});

test('a finger that stays and then moves takes the node along and pins it', async ({ page }) => {
  const s = await open(page, './?v=1&view=map');
  const menu = page.getByRole('menu', { name: 'Actions' });
  const [a, b] = [await placeOf(page, 0), await placeOf(page, 1)];
  const put = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...at: At[]) =>
    s.send('Input.dispatchTouchEvent', { type, touchPoints: at.map(([x, y]) => ({ x, y })) });
  await put('touchStart', a);
  await expect(menu).toBeVisible();
  for (let i = 1; i <= 5; i++) await put('touchMove', [a[0] + 5 * i, a[1] + 8 * i]);
  await expect(menu).toHaveCount(0);
  await put('touchEnd');
  await expect(page).toHaveURL(/pins=/);
  expect(page.url()).not.toMatch(/sel=/);
  const near = (p: At, q: At) => expect(Math.hypot(p[0] - q[0], p[1] - q[1])).toBeLessThan(2);
  near(await placeOf(page, 0), [a[0] + 25, a[1] + 40]);
  near(await placeOf(page, 1), b);
  await page.goBack();
  await expect(page).not.toHaveURL(/pins=/);
});
