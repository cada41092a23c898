// Every state of the page, in light and dark, wide and on a phone: what it says,
// that axe finds nothing, and a picture of it in artifacts/page/ for people.
import { mkdirSync } from 'node:fs';
import { expect, type Page, type Route, test } from '@playwright/test';
import { axe } from './axe';

test.skip(Boolean(process.env.PERIPLUS_URL), 'played by the fixture only');

const folder = new URL('../../../artifacts/page/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });

interface State {
  name: string;
  path?: string;
  /** before the page is opened: what the server shall answer */
  play?: (page: Page) => Promise<unknown>;
  /** what is done on the page, and what it then says */
  see: (page: Page, phone: boolean) => Promise<void>;
  /** only where there is room for it, or only on a phone */
  only?: 'wide' | 'phone';
}

const node = 'svc:prod-eu:orders-db';
const of = (id: string) => `./?sel=${encodeURIComponent(id)}`;
const change =
  (pattern: string, edit: (body: Record<string, unknown>) => void) =>
  async (page: Page): Promise<void> => {
    await page.route(pattern, async (route: Route) => {
      const res = await route.fetch();
      const body = await res.json();
      edit(body);
      await route.fulfill({ json: body });
    });
  };
const drawn = (page: Page) =>
  expect(page.getByRole('list', { name: 'Nodes of the map' }).getByRole('button').first()).toBeAttached();
const settled = (page: Page) => expect(page.locator('.progress.on')).toHaveCount(0);
const files = (name: string) => [{ name, mimeType: 'application/gzip', buffer: Buffer.from('flow logs') }];
const region = (page: Page, name: string) => page.getByRole('region', { name });

const states: State[] = [
  {
    name: 'start',
    see: async (page, phone) => {
      await drawn(page);
      await expect(page.getByText('20 Nov 2025 UTC · 15 min bars')).toBeVisible();
      await expect(page.locator('.notes')).toContainText('GCP sampled');
      await expect(page.locator('.notes')).toContainText('AWS log gaps');
      await expect(page.locator('#brush-text')).toContainText('logs lack records in a span: 16:00 – 16:30');
      if (phone) await expect(page.getByRole('button', { name: 'Overview' })).toBeVisible();
      else await expect(page.getByText('Let through: most')).toBeVisible();
    },
  },
  {
    name: 'first-run',
    path: './empty/',
    see: async (page) => {
      await expect(page.getByRole('heading', { name: 'No flow logs yet' })).toBeVisible();
      await expect(page.getByText('Drop files or folders anywhere on this page')).toBeVisible();
      await page.getByRole('button', { name: 'Connect source' }).click();
      await expect(page.getByText('s3://BUCKET/AWSLogs/')).toBeVisible();
    },
  },
  {
    name: 'first-run-no-drop',
    path: './empty/',
    play: change('**/api/v1/meta', (m) => Object.assign(m, { drop: false, demo: false, live: false })),
    see: async (page) => {
      await page.getByRole('button', { name: 'Open files…' }).click();
      await expect(page.getByText('periplus map ./logs')).toBeVisible();
      await page.getByRole('button', { name: 'Show demo data' }).click();
      await expect(page.getByText('periplus map --demo')).toBeVisible();
    },
  },
  {
    name: 'unreadable',
    path: './empty/',
    see: async (page) => {
      await page.locator('input[type=file]').first().setInputFiles(files('bad.gz'));
      const job = page.getByRole('status').filter({ hasText: 'bad.gz' });
      await expect(job).toContainText('nothing could be read');
      await job.getByText('What could not be read').click();
      await expect(job).toContainText('no flow log that is known');
    },
  },
  {
    name: 'no-match',
    path: './?q=port+%3D+9+and+network+%3D+prod-eu&from=2025-11-20T03:00:00Z&to=2025-11-20T04:00:00Z&show=denied',
    see: async (page) => {
      await expect(page.getByRole('heading', { name: 'No flows match' })).toBeVisible();
      const card = page.locator('.card-state');
      for (const name of ['Remove filter port = 9', 'denied only', 'clear time range'])
        await expect(card.getByRole('button', { name })).toBeVisible();
      await expect(card.getByText('Next matching flow: 20 Nov 2025 14:32 UTC')).toBeVisible();
    },
  },
  {
    name: 'too-much',
    path: './plain/',
    see: async (page) => {
      await drawn(page);
      await expect(page.locator('.left-out')).toContainText('344 of 756 paths · 98.7 % of bytes');
      await expect(page.getByRole('button', { name: 'Show more' })).toBeVisible();
      await expect(page.getByRole('button', { name: 'Group by subnet' })).toBeVisible();
    },
  },
  {
    name: 'loading',
    play: (page) => page.route('**/api/v1/graph?*', () => {}),
    see: async (page) => {
      await expect(page.locator('.map-skeleton')).toBeVisible();
      await expect(page.locator('.progress.on')).toBeAttached();
    },
  },
  {
    name: 'loading-again',
    play: (page) => page.route('**/api/v1/graph?*metric=records*', () => {}),
    see: async (page) => {
      await drawn(page);
      await settled(page);
      await page.keyboard.press('r');
      await expect(page.locator('.map.busy canvas').first()).toHaveCSS('opacity', '0.6');
    },
  },
  {
    name: 'error',
    path: './broken/',
    see: async (page) => {
      await expect(page.getByRole('alert')).toContainText('permission denied');
      await expect(page.getByRole('alert')).toContainText('run periplus lake info');
      await expect(page.getByRole('button', { name: 'Retry' })).toBeVisible();
    },
  },
  {
    // Chromium may let a request pass that follows page.route at once, so what
    // fails later is decided before the page is opened.
    name: 'server-gone',
    play: (page) => page.route('**/api/v1/*metric=records*', (r) => r.abort()),
    see: async (page) => {
      await drawn(page);
      await page.keyboard.press('r');
      await expect(page.getByRole('alert')).toContainText('does not answer');
      await drawn(page); // the old picture stays
    },
  },
  {
    name: 'wrong-filter',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('combobox', { name: 'Filter' }).fill('prot = 443');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).toContainText('^^^^');
    },
  },
  {
    name: 'badges',
    play: change('**/api/v1/graph?*', (g) =>
      Object.assign(g, { notes: ['sampled', 'gaps', 'nodata', 'unmeasured', 'widened', 'building'] }),
    ),
    see: async (page) => {
      await drawn(page);
      for (const text of ['sampled', 'log gaps', 'still merging'])
        await expect(page.locator('.notes').getByText(text)).toBeAttached();
    },
  },
  {
    name: 'findings',
    only: 'wide',
    play: change('**/api/v1/findings?*', (f) =>
      Object.assign(f, {
        detections: 4,
        findings: [
          {
            id: '1',
            severity: 'high',
            title: 'spark → orders-db :5432 denied',
            text: '647 records, new today',
          },
          { id: '2', severity: 'medium', title: 'Scanner sweep, 4 entry points', filter: 'verdict = denied' },
          { id: '3', severity: 'low', title: 'api → payment API via NAT', nodes: ['svc:prod-eu:api'] },
        ],
      }),
    ),
    see: async (page) => {
      await drawn(page);
      await expect(region(page, 'Findings')).toContainText('high: spark → orders-db');
      await region(page, 'Findings')
        .getByRole('button', { name: /Scanner sweep/ })
        .click();
      await expect(page).toHaveURL(/q=verdict/);
      await drawn(page);
    },
  },
  {
    name: 'node',
    path: of(node),
    see: async (page) => {
      await expect(page.getByRole('heading', { name: 'orders-db' })).toBeVisible();
      for (const name of ['Peers', 'Ports & protocols', 'Why it was stopped', 'Identity'])
        await expect(region(page, name)).toBeAttached();
      await expect(region(page, 'Why it was stopped')).toContainText('sg-0a1: no rule');
      await expect(region(page, 'Identity')).toContainText('an inventory');
    },
  },
  {
    name: 'path-with-rows',
    path: `./?edge=${encodeURIComponent('svc:prod-eu:web')}&edge=${encodeURIComponent(node)}&rows=1`,
    see: async (page) => {
      await expect(region(page, 'Why it was stopped')).toContainText('at the server');
      await expect(region(page, 'Seen')).toContainText('by both ends');
      await expect(region(page, 'Table of flow records').getByRole('row')).toHaveCount(21);
      await expect(page.getByText('in order of time')).toBeVisible();
    },
  },
  {
    name: 'not-here',
    path: of('svc:nobody'),
    see: (page) => expect(page.getByRole('alert')).toContainText('Nothing of it in this range'),
  },
  {
    name: 'table',
    path: './?view=table',
    see: (page) => expect(page.getByRole('columnheader', { name: 'In bytes' })).toBeVisible(),
  },
  {
    name: 'table-of-paths',
    path: './?view=table&tab=paths',
    see: (page) => expect(page.getByRole('columnheader', { name: 'Server', exact: true })).toBeVisible(),
  },
  {
    name: 'actions',
    path: `${of(node)}&view=map`,
    only: 'wide',
    see: async (page) => {
      await drawn(page);
      await page.locator('#map-list [tabindex="0"]').focus();
      await page.keyboard.press('ContextMenu');
      await expect(page.getByRole('menu', { name: 'Actions' })).toBeVisible();
    },
  },
  {
    name: 'hidden-and-found',
    path: `./?view=map&find=db&hide=${encodeURIComponent('port = 443')}`,
    see: async (page) => {
      await drawn(page);
      await expect(page.getByRole('button', { name: /Show again/ })).toBeVisible();
    },
  },
  {
    name: 'several',
    path: `./?view=map&sel=${encodeURIComponent(node)}&also=${encodeURIComponent('svc:prod-eu:web')}`,
    see: (page) => expect(page.getByRole('heading', { name: '2 selected' })).toBeVisible(),
  },
  {
    name: 'networks',
    path: './?level=network',
    only: 'wide',
    see: async (page) => {
      await drawn(page);
      await expect(page.getByRole('tree', { name: 'Networks' })).toBeVisible();
    },
  },
  {
    name: 'drawer',
    only: 'phone',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Open the left panel' }).click();
      await expect(page.getByRole('tree', { name: 'Networks' })).toBeVisible();
    },
  },
  {
    name: 'overview-sheet',
    only: 'phone',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Overview' }).click();
      await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible();
    },
  },
  {
    name: 'bin',
    only: 'wide',
    see: async (page) => {
      await drawn(page);
      const b = (await page.getByRole('group', { name: 'Traffic over time' }).boundingBox())!;
      await page.mouse.move(b.x + b.width * 0.675, b.y + 40);
      await expect(page.locator('.tip')).toContainText('16:00 – 16:15');
      await expect(page.locator('.tip')).toContainText(/lost records here: a lower bound/);
    },
  },
  {
    name: 'paused',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Live' }).click();
      await expect(page.getByRole('button', { name: 'Paused' })).toBeVisible();
    },
  },
  {
    name: 'export-menu',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Export', exact: true }).click();
      await expect(page.getByRole('menuitem', { name: 'DOT (Graphviz)' })).toBeVisible();
    },
  },
  {
    name: 'views',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Views', exact: true }).click();
      await expect(page.getByRole('textbox', { name: 'Name of this view' })).toBeVisible();
    },
  },
  {
    name: 'stopped-and-unanswered',
    only: 'wide',
    play: change('**/api/v1/graph?*', (g) => {
      const [a, b] = g.edges as { answer: string; verdicts: object }[];
      a.answer = 'none';
      b.verdicts = { dropped: { r: 31, at: 'middle' } };
      Object.assign(g.totals as object, { dropped: 31 });
    }),
    see: async (page) => {
      await drawn(page);
      await expect(region(page, 'Dropped paths')).toContainText('31');
      await expect(region(page, 'Never answered').getByRole('button').first()).toBeVisible();
      await expect(page.getByText('by routing, MTU, …')).toBeVisible();
    },
  },
  {
    name: 'playing',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('button', { name: 'Play through time' }).click();
      await expect(page.getByRole('button', { name: 'Pause playback' })).toBeVisible();
      await expect(page).toHaveURL(/from=/);
    },
  },
  {
    name: 'force',
    path: './?view=map&layout=force',
    see: (page) => drawn(page),
  },
  {
    name: 'completion',
    see: async (page) => {
      await drawn(page);
      await page.getByRole('combobox', { name: 'Filter' }).focus();
      await page.keyboard.type('ver');
      await expect(page.getByRole('option', { name: /verdict/ })).toBeVisible();
    },
  },
  {
    name: 'help',
    see: async (page) => {
      await drawn(page);
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
    },
  },
];

for (const [size, width, height] of [
  ['wide', 1440, 900],
  ['phone', 390, 844],
] as const)
  for (const colorScheme of ['light', 'dark'] as const)
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ viewport: { width, height }, colorScheme });
      for (const s of states.filter((x) => !x.only || x.only === size))
        test(s.name, async ({ page }) => {
          await s.play?.(page);
          const path = s.path ?? './';
          // On a phone the page begins with the table.
          await page.goto(/view=/.test(path) ? path : `${path}${path.includes('?') ? '&' : '?'}view=map`);
          await s.see(page, size === 'phone');
          await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
          const aside = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(aside, 'nothing lies beside the window').toBeLessThanOrEqual(0);
          await axe(page, s.name);
          await page.screenshot({ path: `${folder}${s.name}-${colorScheme}-${width}x${height}.png` });
        });
    });
