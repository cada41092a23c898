// What a user does, in a real browser, over whatever network the server shows:
// nothing here names a node, so the same tests run against the fixture and
// against `periplus map` over the simulated company.
import { readFileSync } from 'node:fs';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { axe } from './axe';

const map = (page: Page): Locator => page.getByRole('application');
const nodes = (page: Page): Locator =>
  page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button');

async function open(page: Page, path = './'): Promise<string[]> {
  const errors: string[] = [];
  page.on('pageerror', (e) => errors.push(e.message));
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  await page.goto(path);
  await expect(nodes(page).first()).toBeAttached();
  await expect(page.locator('.progress.on')).toHaveCount(0);
  return errors;
}

/** inkOf counts pixels of the map that differ from its paper. */
const inkOf = (page: Page): Promise<number> =>
  page
    .locator('.map canvas')
    .first()
    .evaluate((c: HTMLCanvasElement) => {
      const d = c.getContext('2d')!.getImageData(0, 0, c.width, c.height).data;
      let n = 0;
      for (let i = 0; i < d.length; i += 16)
        if (Math.abs(d[i] - d[0]) + Math.abs(d[i + 1] - d[1]) + Math.abs(d[i + 2] - d[2]) > 24) n++;
      return n;
    });

test('draws the map and says what is on it', async ({ page }) => {
  const errors = await open(page);
  await expect(map(page)).toHaveAttribute('aria-label', /Network map: \d.* groups?, \d.* paths?/);
  expect(await nodes(page).count()).toBeGreaterThan(3);
  expect(await inkOf(page)).toBeGreaterThan(5000);
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
  expect(errors).toEqual([]);
});

test('filters, shows a chip, and Back takes it away', async ({ page }) => {
  await open(page);
  const before = await nodes(page).count();
  await page.keyboard.press('/');
  await expect(page.getByRole('combobox', { name: 'Filter' })).toBeFocused();
  await page.keyboard.type('verdict = denied');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/q=verdict/);
  await expect(page.getByRole('button', { name: /Remove filter verdict/ })).toBeVisible();
  await expect.poll(() => nodes(page).count()).toBeLessThan(before);
  await page.goBack();
  await expect(page.getByRole('button', { name: /Remove filter/ })).toHaveCount(0);
  await expect.poll(() => nodes(page).count()).toBe(before);
});

test('a wrong filter is told where it is wrong and changes nothing', async ({ page }) => {
  await open(page);
  await page.getByRole('combobox', { name: 'Filter' }).fill('prot = 443');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('^');
  await expect(page.getByRole('alert')).toContainText('prot');
  await expect(page).not.toHaveURL(/q=/);
});

test('completes fields, operators and values', async ({ page }) => {
  await open(page);
  const box = page.getByRole('combobox', { name: 'Filter' });
  await box.focus();
  await page.keyboard.type('ver');
  await expect(page.getByRole('option', { name: /verdict/ })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(box).toHaveValue('verdict ');
  await page.keyboard.type('= ');
  await expect(page.getByRole('option', { name: 'denied' })).toBeVisible();
});

test('selects a node from the keyboard, shows its details, Esc closes them', async ({ page }) => {
  await open(page);
  await nodes(page).first().focus();
  await page.keyboard.press('ArrowRight');
  const name = (await page.locator('#map-list button:focus').getAttribute('aria-label')) ?? '';
  expect(name).not.toBe('');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/sel=/);
  const label = name.slice(0, name.indexOf(','));
  await expect(page.getByRole('heading', { level: 2, name: label, exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Ports & protocols' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 2, name: label, exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/sel=/);
  await expect(page.locator('#map-list button:focus')).toHaveAttribute('aria-label', name);
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
});

test('a path leads to its rows and their log objects', async ({ page }) => {
  await open(page);
  await page.getByRole('region', { name: 'Busiest paths' }).getByRole('button').first().click();
  await expect(page).toHaveURL(/edge=/);
  await page.getByRole('button', { name: 'View flow records' }).click();
  const rows = page.getByRole('region', { name: 'Table of flow records' }).getByRole('row');
  await expect.poll(() => rows.count()).toBeGreaterThan(1);
  await expect(rows.nth(1).locator('td').last()).toHaveAttribute('title', /./);
});

test('brushes over time; Back undoes it', async ({ page }) => {
  await open(page);
  const brush = page.getByRole('group', { name: 'Traffic over time' });
  const b = (await brush.boundingBox())!;
  const whole = await page.locator('.time-text strong').textContent();
  await page.mouse.move(b.x + b.width * 0.4, b.y + 30);
  await page.mouse.down();
  await page.mouse.move(b.x + b.width * 0.5, b.y + 30, { steps: 4 });
  await page.mouse.move(b.x + b.width * 0.6, b.y + 30, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(page.locator('.time-text strong')).not.toHaveText(whole!);
  await page.getByRole('slider', { name: 'Begin of the range' }).focus();
  const before = page.url();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => page.url()).not.toBe(before);
  await page.goBack();
  await page.goBack();
  await expect(page.locator('.time-text strong')).toHaveText(whole!);
});

test('the line of the overview is of the chosen range and of nothing else', async ({ page }) => {
  const told = page.getByText(/^Let through: most/);
  const above = async (what: Locator) => {
    const [tile, box] = [await page.locator('.tile').last().boundingBox(), await what.boundingBox()];
    return box!.y - tile!.y - tile!.height;
  };
  const at = (name: string) =>
    page
      .getByRole('slider', { name: `${name} of the range` })
      .getAttribute('aria-valuenow')
      .then(Number);
  await open(page);
  await expect(told).toContainText('in 15 min at');
  const curve = page.locator('.spark');
  const room = await above(curve.first());
  expect(room).toBeGreaterThan(4);
  // Around noon of the last day there is traffic.
  const noon = Math.round((await at('End')) / 9e5) * 9e5 - 12 * 3.6e6;
  const time = (ms: number) => new Date(noon + ms * 6e4).toISOString();

  // Ten minutes, five on each side of where the brush's bars meet.
  await open(page, `./?from=${time(-5)}&to=${time(5)}`);
  expect([await at('Begin'), await at('End')]).toEqual([noon - 3e5, noon + 3e5]);
  const times = [time(-5), time(0)].map((t) => t.slice(11, 16)).join('|');
  await expect(told).toHaveText(new RegExp(`in 5 min at (${times})$`));
  await expect(curve.first()).toBeVisible();

  // Five minutes are one bin and no curve; what is said has its room still.
  await open(page, `./?from=${time(5)}&to=${time(10)}`);
  await expect(told).toHaveText(new RegExp(`in 5 min at ${time(5).slice(11, 16)}$`));
  await expect(curve).toHaveCount(0);
  // What the strip says is of its bars, not of the range.
  await expect(page.locator('.time-text p')).toHaveText(/ UTC · 15 min bars$/);
  expect(await above(told)).toBeGreaterThanOrEqual(room);
});

test('the line of the overview stays until the one of another range comes', async ({ page }) => {
  await open(page);
  const line = page.getByRole('figure').first();
  await expect(line).toContainText('in 15 min');
  let come = () => {};
  const asked = new Promise<void>((r) => {
    come = r;
  });
  await page.route('**/api/v1/timeline?*', async (route) => {
    await asked;
    await route.continue();
  });
  await page.getByRole('slider', { name: 'Begin of the range' }).focus();
  await page.keyboard.press('End');
  await expect(page).toHaveURL(/from=/);
  await expect(page.locator('.details-head p')).toContainText('15 min');
  expect(await line.textContent()).toContain('in 15 min at');
  come();
  await expect(line).toContainText('in 5 min at');
});

test('levels, metrics and verdicts are in the URL', async ({ page }) => {
  await open(page);
  const bar = page.getByRole('toolbar', { name: 'What the map shows' });
  await bar.getByRole('button', { name: 'Denied' }).click();
  await expect(page).toHaveURL(/show=denied/);
  await bar.getByRole('button', { name: 'Records' }).click();
  await expect(page).toHaveURL(/metric=records/);
  await page.keyboard.press('4');
  await expect(page).toHaveURL(/level=network/);
  await page.goBack();
  await page.goBack();
  await page.goBack();
  await expect(page).not.toHaveURL(/level|metric|show/);
});

/** written are the countries whose letters the map wrote since they were forgotten. */
const written = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...(window as unknown as { written: Set<string> }).written]);
async function drawnAgain(page: Page, key: string): Promise<void> {
  await page.evaluate(() => (window as unknown as { written: Set<string> }).written.clear());
  await page.keyboard.press(key);
}

test('countries are their letters among services, among hosts, and from afar', async ({ page }) => {
  await page.addInitScript(() => {
    const written = new Set<string>();
    Object.assign(window, { written });
    const fill = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
      if (/^[A-Z]{2}$/.test(text)) written.add(text);
      fill.call(this, text, x, y);
    };
  });
  await open(page);
  await expect.poll(async () => (await written(page)).length).toBeGreaterThan(2);
  const all = expect.arrayContaining(await written(page));
  await page.keyboard.press('7');
  await expect(page).toHaveURL(/level=host/);
  await expect(page.locator('.progress.on')).toHaveCount(0);
  // Also where they are smaller than a text may be: without them the icon were an empty square.
  for (const key of ['0', '-', '-', '-', '-']) {
    await drawnAgain(page, key);
    await expect.poll(() => written(page)).toEqual(all);
  }
});

test('opens a service to its hosts and closes it again', async ({ page }) => {
  await open(page);
  const before = await nodes(page).count();
  const group = page.locator('#map-list button[aria-label*=" endpoints"]');
  test.skip((await group.count()) === 0, 'no group of several endpoints here');
  await group.first().focus();
  await page.keyboard.press('Space');
  await expect(page).toHaveURL(/expand=/);
  await expect.poll(() => nodes(page).count()).toBeGreaterThan(before);
  await page
    .getByRole('button', { name: /^Close: / })
    .first()
    .click();
  await expect.poll(() => nodes(page).count()).toBe(before);
  await page.goBack();
  await expect.poll(() => nodes(page).count()).toBeGreaterThan(before);
  await page.goBack();
  await expect.poll(() => nodes(page).count()).toBe(before);
});

test('exports what is seen', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const dot = page.getByRole('menuitem', { name: 'DOT (Graphviz)' });
  await expect(dot).toHaveAttribute('href', /export\?.*level=service.*format=dot/);
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'SVG, whole map' }).click(),
  ]);
  const svg = readFileSync(await file.path(), 'utf8');
  expect(svg).toMatch(/^<svg xmlns/);
  const bad = await page.evaluate(
    (s) => new DOMParser().parseFromString(s, 'image/svg+xml').querySelector('parsererror')?.textContent,
    svg,
  );
  expect(bad).toBeUndefined();
});

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing in ${theme}`, async ({ browser, baseURL }) => {
    const page = await browser.newPage({ colorScheme: theme, baseURL });
    const look = (what: string) => axe(page, what);
    await open(page);
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await look('overview');
    await page.getByRole('region', { name: 'Busiest paths' }).getByRole('button').first().click();
    await page.getByRole('button', { name: 'View flow records' }).click();
    await expect(page.getByRole('region', { name: 'Table of flow records' })).toBeVisible();
    await look('path with rows');
    await page.goto(`./?sel=${encodeURIComponent((await first(page)) ?? '')}`);
    await expect(page.getByRole('region', { name: 'Identity' })).toBeVisible();
    await look('node');
    await page.close();
  });
}

/** first is the id of a node of the map. */
const first = (page: Page): Promise<string | undefined> =>
  page.evaluate(async () => {
    const meta = await (await fetch('./api/v1/meta')).json();
    const g = await (
      await fetch(`./api/v1/graph?level=service&from=${meta.extent.from}&to=${meta.extent.to}`)
    ).json();
    return g.edges[0]?.t;
  });

test('toggles the theme and fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, './?view=map');
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
  // The name, the tools and the filter take two rows, also of a small phone; the drawer begins below.
  const top = async (what: Locator) => Math.round((await what.boundingBox())!.y);
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    const [tools, filter] = [page.locator('.tools'), page.locator('.filter')];
    expect(await top(filter)).toBeLessThan(60);
    expect(await top(tools)).toBeLessThan(20);
  }
  await page.getByRole('button', { name: 'Open the left panel' }).click();
  await expect(page.getByRole('navigation')).toBeVisible();
  const filter = (await page.locator('.filter').boundingBox())!;
  expect(await top(page.getByRole('navigation'))).toBeGreaterThanOrEqual(filter.y + filter.height);
});
