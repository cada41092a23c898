// What only the fixture can play for the table, the menus and the pictures:
// very many rows, a remainder, and names that are markup.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';

test.skip(Boolean(process.env.PERIPLUS_URL), 'played by the fixture only');

interface Axe {
  axe: {
    run: (o: object) => Promise<{
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    }>;
  };
}

const evil = '<img src=x onerror="document.title=\'owned\'">';

interface Played {
  groups: object[];
  nodes: Record<string, unknown>[];
  edges: object[];
  other: object;
}

/** play changes the answer of /graph. */
const play = (page: Page, change: (g: Played) => void) =>
  page.route('**/api/v1/graph?*', async (route) => {
    try {
      const g = await (await route.fetch()).json();
      change(g);
      await route.fulfill({ json: g });
    } catch {
      // The page has asked for something else meanwhile.
    }
  });

test('2,000 nodes and 6,000 paths come in pages, and a remainder is a row', async ({ page }) => {
  test.slow();
  await play(page, (g) => {
    const [n, e] = [g.nodes[0], g.edges[0]];
    g.groups = [];
    g.nodes = Array.from({ length: 2000 }, (_, i) => ({
      ...n,
      id: `host:${i}`,
      label: `h${i}`,
      parent: null,
      in: { b: i, r: 1 },
    }));
    g.edges = Array.from({ length: 6000 }, (_, i) => ({
      ...e,
      s: `host:${i % 2000}`,
      t: `host:${(i * 7 + 1) % 2000}`,
    }));
    g.other = { edges: 4321, nodes: 17, b: 5e9, r: 77, denied: 7 };
  });
  await page.goto('./?view=table');
  const rows = page.locator('.table tbody tr');
  await expect(page.getByRole('button', { name: 'Nodes 2k' })).toBeVisible({ timeout: 30_000 });
  await expect(rows.first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(400);
  await page.getByRole('columnheader', { name: 'In bytes' }).getByRole('button').click();
  await expect(rows.first()).toContainText('h1999');
  const scroll = page.getByRole('region', { name: 'Table of nodes' });
  await scroll.evaluate((el) => el.scrollTo(0, el.scrollHeight));
  await expect.poll(() => rows.count()).toBeGreaterThan(250);
  await expect(page.locator('.table .other')).toContainText('17 more nodes, left out');
  await rows.first().locator('.cell').focus();
  await page.keyboard.press('End');
  await expect(page.locator('.table .cell:focus')).toHaveText('h0');
  await page.getByRole('button', { name: 'Paths 6k' }).click();
  await expect(page.locator('.table .other')).toContainText(
    '4,321 more paths, left out: 5.00 GB, 77 records, 7 stopped',
  );
  const asked = page.waitForRequest(/limitEdges=3000/);
  await page.locator('.table .other').getByRole('button', { name: 'Show more' }).click();
  await asked;
});

test('a name that is markup stays text in table, menu, chips, Find, and pictures', async ({ page }) => {
  await play(page, (g) => {
    for (const n of g.nodes) if (n.label === 'web') n.label = evil;
  });
  await page.goto('./');
  await expect(page.locator('#map-list button').first()).toBeAttached();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [d] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'SVG, whole map' }).click(),
  ]);
  const svg = readFileSync(await d.path(), 'utf8');
  expect(svg).toContain('&lt;im');
  expect(svg).not.toContain('<img');
  await page.goto('./?view=table');
  const cell = page.locator('.table .cell', { hasText: '<img src=x' });
  await cell.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Path to …' }).click();
  await expect(page.locator('.toast')).toContainText('<img src=x');
  await page.keyboard.press('Escape');
  await cell.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Focus on neighbours' }).click();
  await expect(page.getByRole('button', { name: /^Focus: / })).toContainText('<img src=x');
  await cell.click();
  await page.keyboard.press('f');
  await page.keyboard.type('<img');
  await expect(page.locator('.find [role=status]')).toHaveText('1 found');
  await page.keyboard.press('Escape');
  await cell.click();
  await page.keyboard.press('h');
  await expect(page.getByRole('button', { name: /^Show again: node = <img/ })).toBeVisible();
  expect(await page.locator('img[src=x]').count()).toBe(0);
  await expect(page).toHaveTitle('Periplus');
});

test('scanners are hidden by one click', async ({ page }) => {
  await page.goto('./');
  const scanners = page.locator('#map-list button[aria-label^="Known scanners"]');
  await expect(scanners).toBeAttached();
  await page.getByRole('button', { name: 'Hide scanners and health checks' }).click();
  await expect(scanners).toHaveCount(0);
  await expect(page).toHaveURL(/hide=/);
  await page.goBack();
  await expect(scanners).toBeAttached();
});

test('axe finds nothing in the table, the menus and the panels of several', async ({ page }) => {
  test.slow();
  const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
  const look = async (what: string) => {
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const r = await (window as unknown as Axe).axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
      });
      return r.violations.map(
        (v) =>
          `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 140)} ${n.failureSummary.slice(0, 160)}`).join(' | ')}`,
      );
    });
    expect(found, what).toEqual([]);
  };
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(
      './?view=table&find=web&hide=port+%3D+22&expand=svc%3Aprod-eu%3Aapi&sel=svc:prod-eu:worker',
    );
    await expect(page.locator('.table .at, .table .cell').first()).toBeVisible();
    await page.keyboard.press('n');
    await look(`${scheme} table`);
    await page.goto('./?view=table&tab=paths&sort=-denied&edge=inet:cc:DE&edge=svc:prod-eu:alb-web');
    await expect(page.locator('.table .cell').first()).toBeVisible();
    await look(`${scheme} paths`);
    await page.goto('./?sel=svc:prod-eu:web&also=svc:prod-eu:api&find=data');
    await expect(page.getByRole('heading', { name: '2 selected' })).toBeVisible();
    await page.locator('#map-list button').first().focus();
    await page.keyboard.press('Shift+F10');
    await look(`${scheme} several, menu`);
    await page.goto('./?path=inet:cc:DE&path=svc:prod-eu:orders-db&q=port+%3D+443');
    await page.getByRole('button', { name: 'Views', exact: true }).click();
    await expect(page.getByRole('dialog', { name: 'Views' }).getByRole('textbox')).toBeVisible();
    await look(`${scheme} ways, views`);
  }
});

test('a link to what is opened calls it by its name, not by its id', async ({ page }) => {
  await page.goto('./?expand=inet%253Acc%253ADE');
  await expect(page.getByRole('button', { name: 'Close: Germany opened' })).toBeVisible();
});
