// The keyboard alone: every key of the sheet does what it says, and a whole task
// is done without a mouse. And what the menus of the top bar give away.
import { readFileSync } from 'node:fs';
import { expect, type Locator, type Page, test } from '@playwright/test';

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

test('every key of the sheet', async ({ page, context }) => {
  test.slow();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const errors = await open(page);
  const after = async (key: string, what: RegExp) => {
    await page.keyboard.press(key);
    await expect(page, key).toHaveURL(what);
  };
  const levels = ['provider', 'account', 'region', 'network', 'subnet'];
  for (const [i, level] of levels.entries()) await after(String(i + 1), new RegExp(`level=${level}`));
  await after('7', /level=host/);
  await after('6', /^((?!level=).)*$/);
  await after('d', /show=denied/);
  await after('a', /^((?!show=).)*$/);
  await after('k', /metric=packets/);
  await after('r', /metric=records/);
  await after('b', /^((?!metric=).)*$/);
  await after('[', /left=0/);
  await after('[', /^((?!left=).)*$/);
  await after(']', /right=0/);
  await after(']', /^((?!right=).)*$/);
  await after('t', /view=table/);
  await after('t', /view=map/);
  await after('u', /view=table/);
  await after('Control+z', /^((?!view=).)*$/);
  await after('Control+Shift+Z', /view=table/);
  await after('u', /^((?!view=).)*$/);
  for (const key of ['+', '-', '0', 'n', ',', '.']) await page.keyboard.press(key);
  await page.keyboard.press('Shift+D');
  await expect(page.locator('html')).toHaveAttribute('data-theme', /dark|light/);
  await page.keyboard.press('c');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(sheet).toBeVisible();
  for (const key of [
    '/',
    'Tab',
    'Enter',
    'Space',
    'Esc',
    '1 …',
    'A',
    'B',
    '0',
    '[',
    'T',
    'F',
    ',',
    'P',
    'H',
    'U',
    'Shift D',
    'C',
    '?',
    'Shift F10',
  ])
    await expect(sheet.locator('dt', { hasText: key }).first()).toBeAttached();
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);
  expect(errors).toEqual([]);
});

test('filter, select, go along a path, exclude, undo: no mouse', async ({ page }) => {
  await open(page);
  const n = await nodes(page).count();
  await page.keyboard.press('/');
  await page.keyboard.type('bytes > 1');
  const filtered = page.waitForResponse((r) => /\/graph\?.*q=bytes/.test(r.url()));
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/q=bytes/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await filtered; // nodes that go take the focus with them
  await expect(page.locator('.progress.on')).toHaveCount(0);
  await page.locator('#map-list [tabindex="0"]').focus();
  const first = await page.locator('#map-list button:focus').getAttribute('aria-label');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(page.locator('#map-list button:focus')).not.toHaveAttribute('aria-label', first!);
  await page.keyboard.press('Shift+Enter');
  await expect(page).toHaveURL(/sel=/);
  await page.locator('#map-list [tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+Enter');
  await expect(page).toHaveURL(/also=/);
  await page.keyboard.press('x');
  await expect(page).toHaveURL(/q=.*not\+%28node\+in/);
  await expect.poll(() => nodes(page).count()).toBeLessThan(n);
  await page.keyboard.press('u');
  await expect(page).toHaveURL(/also=/);
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/sel=|also=/);
});

test('a filter that is no flat list is edited as coloured text; Ctrl-Space completes', async ({ page }) => {
  test.skip(!process.env.PERIPLUS_URL, 'the fixture parses flat lists only');
  await open(page, `./?q=${encodeURIComponent('not (port = 22 or port = 3389) or provider = aws')}`);
  const box = page.getByRole('combobox', { name: 'Filter' });
  await expect(box).toHaveValue(/or provider = aws/);
  await expect(page.locator('.ink .k').first()).toHaveText('not');
  await expect(page.locator('.ink .v').first()).toHaveText('22');
  await page.keyboard.press('/');
  await page.keyboard.press('End');
  await page.keyboard.type(' and pro');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+ ');
  await expect(page.getByRole('option', { name: /protocol/ })).toBeVisible();
});

test('pictures: PNG at twice the size, SVG that is XML and loads nothing', async ({ page }) => {
  await open(page);
  const file = async (name: string) => {
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const [d] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name, exact: true }).click(),
    ]);
    return readFileSync(await d.path());
  };
  const seen = await file('PNG, what is seen');
  const size = await page.locator('.map canvas').first().boundingBox();
  expect(seen.subarray(1, 4).toString()).toBe('PNG');
  expect(Math.abs(seen.readUInt32BE(16) - 2 * size!.width)).toBeLessThan(2);
  expect((await file('PNG, whole map')).length).toBeGreaterThan(10_000);
  for (const name of ['SVG, what is seen', 'SVG, whole map']) {
    const svg = (await file(name)).toString();
    const found = await page.evaluate((s) => {
      const doc = new DOMParser().parseFromString(s, 'image/svg+xml');
      const all = [...doc.querySelectorAll('*')];
      const ids = all.map((e) => e.id).filter(Boolean);
      return {
        bad: doc.querySelector('parsererror')?.textContent,
        texts: doc.querySelectorAll('text').length,
        twice: ids.length - new Set(ids).size,
        foreign: doc.querySelectorAll('foreignObject, script, style').length,
        outside: all
          .flatMap((e) => [...e.attributes])
          .filter((a) => /href$/.test(a.name) && !/^(#|data:)/.test(a.value)).length,
        lost: [...s.matchAll(/url\(#([^)]*)\)/g)].filter((m) => !ids.includes(m[1])).length,
      };
    }, svg);
    expect(found).toMatchObject({ twice: 0, foreign: 0, outside: 0, lost: 0 });
    expect(found.bad).toBeUndefined();
    expect(found.texts).toBeGreaterThan(10);
  }
});

test('a frozen link keeps its time', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, './?from=-2h&to=now');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.keyboard.press('End');
  await expect(page.getByRole('menuitem', { name: 'Copy link, time frozen' })).toBeFocused();
  await page.keyboard.press('Enter');
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toContain('from=');
  const link = new URL(await copied());
  expect(Date.parse(link.searchParams.get('to')!) - Date.parse(link.searchParams.get('from')!)).toBe(7.2e6);
  const text = await page.locator('.time-text strong').textContent();
  await open(page, link.href);
  await expect(page.locator('.time-text strong')).toHaveText(text!);
});

test('views are saved, opened, renamed, overwritten, deleted; or it is said where they can be', async ({
  page,
}) => {
  await open(page, './?level=network');
  const button = page.getByRole('button', { name: 'Views', exact: true });
  const box = page.getByRole('dialog', { name: 'Views' });
  await button.click();
  const name = `<b>mine</b> ${Date.now()}`;
  const field = box.getByRole('textbox');
  await expect(field.or(box.getByRole('alert'))).toBeVisible();
  if (await box.getByRole('alert').isVisible()) {
    await expect(box.getByRole('alert')).toContainText(/--lake|read-only/);
    return;
  }
  await field.fill(name);
  await page.keyboard.press('Enter');
  await expect(box.getByRole('button', { name, exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await page.keyboard.press('6');
  await expect(page).not.toHaveURL(/level/);
  await button.click();
  await box.getByRole('button', { name, exact: true }).click();
  await expect(page).toHaveURL(/level=network/);
  await page.goBack();
  await expect(page).not.toHaveURL(/level/);
  await button.click();
  await field.fill(name);
  await box.getByRole('button', { name: 'Overwrite' }).click();
  await expect(field).toHaveValue('');
  await box.getByRole('button', { name: `Rename ${name}` }).click();
  await field.fill(`${name} 2`);
  await box.getByRole('button', { name: 'Rename', exact: true }).click();
  await expect(box.getByRole('button', { name: `${name} 2`, exact: true })).toBeVisible();
  await expect(box.getByRole('button', { name, exact: true })).toHaveCount(0);
  await box.getByRole('button', { name: `Delete ${name} 2` }).click();
  await expect(box.getByRole('button', { name: `${name} 2`, exact: true })).toHaveCount(0);
  expect(await page.locator('.views b').count()).toBe(0);
});
