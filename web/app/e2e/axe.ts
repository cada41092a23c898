// What axe finds on a page at WCAG levels A and AA, and in its best practices.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Found {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

export async function axe(page: Page, what: string): Promise<void> {
  await page.evaluate(source);
  const found = await page.evaluate(async (runOnly) => {
    const { axe } = window as unknown as { axe: { run: (o: object) => Promise<Found> } };
    const r = await axe.run({ runOnly });
    return r.violations.map(
      (v) =>
        `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 120)} ${n.failureSummary.slice(0, 200)}`).join(' | ')}`,
    );
  }, rules);
  expect(found, what).toEqual([]);
}
