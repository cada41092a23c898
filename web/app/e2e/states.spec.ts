// The states that only the fixture can play: no data, a failing server, names
// that are markup.
import { expect, test } from '@playwright/test';

test.skip(Boolean(process.env.PERIPLUS_URL), 'played by the fixture only');

test('no data yet', async ({ page }) => {
  await page.goto('./empty/');
  await expect(page.getByRole('heading', { name: 'No flow logs yet' })).toBeVisible();
});

test('a failing server is quoted, and Retry asks again', async ({ page }) => {
  await page.goto('./broken/');
  await expect(page.getByRole('alert')).toContainText('permission denied');
  const asked = page.waitForRequest(/graph/);
  await page.getByRole('button', { name: 'Retry' }).click();
  await asked;
});

test('nothing matches: the parts of the filter can be taken away', async ({ page }) => {
  await page.goto('./?q=port+%3D+9');
  await expect(page.getByRole('heading', { name: 'No flows match' })).toBeVisible();
  await expect(page.getByText('Last matching flow: 20 Nov 2025 14:32 UTC')).toBeVisible();
  await page
    .locator('.card-state')
    .getByRole('button', { name: /port = 9/ })
    .click();
  await expect(page.getByRole('heading', { name: 'No flows match' })).toHaveCount(0);
});

test('what the caps left out is said, and more can be had', async ({ page }) => {
  await page.goto('./plain/');
  await expect(page.getByText('344 of 756 paths · 98.7 % of bytes')).toBeVisible();
  const asked = page.waitForRequest(/limitEdges=3000/);
  await page.getByRole('button', { name: 'Show more' }).click();
  await asked;
});

test('a name that is markup stays text', async ({ page }) => {
  const evil = '<img src=x onerror="document.title=\'owned\'">';
  await page.route('**/api/v1/graph?*', async (route) => {
    const g = await (await route.fetch()).json();
    g.nodes.find((n: { label: string }) => n.label === 'web').label = evil;
    await route.fulfill({ json: g });
  });
  await page.goto('./');
  await expect(page.getByRole('region', { name: 'Busiest paths' })).toContainText('<img src=x');
  await expect(
    page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button', { name: /<img src=x/ }),
  ).toBeAttached();
  expect(await page.locator('img[src=x]').count()).toBe(0);
  await expect(page).toHaveTitle('Periplus');
});

test('an answer that comes late does not replace a newer one', async ({ page }) => {
  await page.route('**/api/v1/graph?*show=denied*', async (route) => {
    await new Promise((r) => setTimeout(r, 600));
    await route.continue().catch(() => {});
  });
  await page.goto('./');
  const summary = page.getByRole('application');
  await expect(summary).toHaveAttribute('aria-label', /10 denied/);
  await page.keyboard.press('d');
  await page.keyboard.press('a');
  await page.waitForTimeout(900);
  await expect(summary).toHaveAttribute('aria-label', /44 groups, 65 paths, 10 denied/);
});
