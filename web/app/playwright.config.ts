import { defineConfig } from '@playwright/test';

import { executablePath } from './scripts/browser.mjs';

// With PERIPLUS_BIN that binary is started over the simulated company and its
// page tested; with PERIPLUS_URL the page of a running one; without either,
// dist over the fixture. E2E_PORT moves the server, where two run side by side.
const bin = process.env.PERIPLUS_BIN;
const port = process.env.E2E_PORT ?? (bin ? '7179' : '7072');
const own = `http://127.0.0.1:${port}/`;
const given = process.env.PERIPLUS_URL ?? (bin ? own : undefined);
if (bin) process.env.PERIPLUS_URL = given; // what the specs look at

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  // Machines are shared: what waits, waits long. A test that fails once and then
  // holds is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    baseURL: given ?? own,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath,
      args: ['--no-sandbox', '--disable-gpu'],
    },
    trace: 'off',
  },
  webServer: bin
    ? {
        command: `${bin} map --demo --addr 127.0.0.1:${port}`,
        url: given,
        timeout: 300_000,
        reuseExistingServer: false,
      }
    : given
      ? undefined
      : {
          command: 'node fixture/serve.mjs',
          env: { PORT: port },
          url: own,
          reuseExistingServer: false,
        },
});
