// The panels: where the focus goes, the tree of networks, what a click filters,
// rows as files; over the fixture and over the real binary alike.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';

const nodes = (page: Page) => page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button');
const tree = (page: Page) => page.getByRole('tree', { name: 'Networks' });
const region = (page: Page, name: string) => page.getByRole('region', { name });
const open = async (page: Page, path = './?view=map') => {
  await page.goto(path);
  await expect(nodes(page).first()).toBeAttached();
  await expect(page.locator('.progress.on')).toHaveCount(0);
};
const heading = (page: Page) => page.locator('.right h2').first();

test('the focus goes into a panel and back to where it came from', async ({ page }) => {
  await open(page);
  await nodes(page).nth(2).focus();
  await page.keyboard.press('Enter');
  await expect(heading(page)).toBeFocused();
  await expect(page.getByRole('heading', { name: 'Loading' })).toHaveCount(0);
  await expect(heading(page), 'also when the answer has come').toBeFocused();
  await page.keyboard.press('Escape');
  await expect(nodes(page).nth(2)).toBeFocused();

  await region(page, 'Busiest paths').getByRole('button').first().click();
  await expect(heading(page)).toBeFocused();
  await page.getByRole('button', { name: 'View flow records' }).click();
  await expect(page.getByRole('heading', { name: /^Flow records/ })).toBeFocused();
  await page.getByRole('button', { name: 'Close flow records' }).click();
  await expect(page.getByRole('button', { name: 'View flow records' })).toBeFocused();
  await page.getByRole('button', { name: 'Close details' }).click();
  await expect(page.locator('#map-list :focus')).toHaveCount(1);
});

test('a link to a node does not take the focus from who opens it', async ({ page }) => {
  await open(page);
  await nodes(page).first().focus();
  await page.keyboard.press('Enter');
  await page.reload();
  await expect(region(page, 'Identity')).toBeVisible();
  await expect(heading(page)).not.toBeFocused();
});

test('the tree of networks is one stop of Tab, with arrows within', async ({ page }) => {
  await open(page);
  const items = tree(page).getByRole('treeitem');
  const all = await items.count();
  expect(all).toBeGreaterThan(3);
  expect(await tree(page).locator('[tabindex="0"]').count()).toBe(1);
  await items.first().focus();
  await expect(items.first()).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('ArrowLeft');
  await expect(items.first()).toHaveAttribute('aria-expanded', 'false');
  await expect.poll(() => items.count()).toBeLessThan(all);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => items.count()).toBe(all);
  await page.keyboard.press('ArrowRight');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(items.first()).toBeFocused();
  await page.keyboard.press('End');
  await expect(items.last()).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/sel=/);
});

test('what the tree and the ports filter by, matches', async ({ page }) => {
  await open(page);
  const items = tree(page).getByRole('treeitem');
  for (const i of [0, 1]) {
    await items.nth(i).hover();
    await items.nth(i).locator('.only').click();
    await expect(page).toHaveURL(i ? /q=subnet/ : /q=network/);
    await expect(page.locator('.progress.on')).toHaveCount(0);
    await expect(page.getByRole('heading', { name: 'No flows match' })).toHaveCount(0);
    await expect(nodes(page).first()).toBeAttached();
    await page.goBack();
    await expect(page.getByRole('button', { name: /^Remove filter/ })).toHaveCount(0);
  }
  const port = region(page, 'Top ports').getByRole('button').first();
  const number = await port.locator('b').textContent();
  await port.click();
  await expect(page).toHaveURL(new RegExp(`q=port[+%203D=]+${number}`));
  await expect(nodes(page).first()).toBeAttached();
});

test('rows go out as files, and a row says which object it came from', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await region(page, 'Busiest paths').getByRole('button').first().click();
  await page.getByRole('button', { name: 'View flow records' }).click();
  const rows = region(page, 'Table of flow records');
  await expect(rows.getByRole('row').nth(1)).toBeVisible();
  for (const [name, begins] of [
    ['CSV', /^first_seen,/],
    ['NDJSON', /^\{"first":"/],
  ] as const) {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name, exact: true }).click(),
    ]);
    expect(file.suggestedFilename()).toBe(`periplus-flows.${name.toLowerCase()}`);
    expect(readFileSync(await file.path(), 'utf8')).toMatch(begins);
  }
  const cell = rows.getByRole('row').nth(1).getByRole('cell').last();
  const uri = await cell.getAttribute('title');
  expect(uri).toMatch(/^[a-z0-9]+:\/\//);
  await cell.getByRole('button', { name: 'Copy the address of the log object' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(uri);
});

test('the drawer and the sheet take the focus and give it back', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  const menu = page.getByRole('button', { name: 'Open the left panel' });
  await menu.click();
  await expect(page.locator('nav.left')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('nav.left')).toHaveCount(0);
  await expect(menu).toBeFocused();
  await page.getByRole('button', { name: 'Overview' }).click();
  await expect(page.getByRole('button', { name: 'Close the overview' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Overview' })).toBeFocused();
});

test('on a phone the overview opens from the table, too', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('./');
  await expect(page.getByRole('row').nth(12)).toBeAttached();
  await page.getByRole('button', { name: 'Overview', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
});

test('the ends of a path have the letters of their countries', async ({ page }) => {
  const meta = await (await page.request.get('./api/v1/meta')).json();
  const { from, to } = meta.extent;
  const g = await (await page.request.get(`./api/v1/graph?level=service&from=${from}&to=${to}`)).json();
  const of = g.nodes.find((n: { kind: string; country?: string }) => n.country && n.kind === 'net.country');
  const e = g.edges.find((e: { s: string; t: string }) => e.s === of.id || e.t === of.id);
  await page.goto(`./?edge=${encodeURIComponent(e.s)}&edge=${encodeURIComponent(e.t)}`);
  await expect(page.locator('.ends .kind b')).toHaveText(of.country);
});
