import { defineConfig } from '@playwright/test';

// With PERIPLUS_BIN that binary is started over the simulated company and its
// page tested; with PERIPLUS_URL the page of a running one; without either,
// dist over the fixture.
const bin = process.env.PERIPLUS_BIN;
const given = process.env.PERIPLUS_URL ?? (bin ? 'http://127.0.0.1:7179/' : undefined);
if (bin) process.env.PERIPLUS_URL = given; // what the specs look at

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  timeout: 30_000,
  reporter: 'list',
  use: {
    baseURL: given ?? 'http://127.0.0.1:7072/',
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    },
    trace: 'off',
  },
  webServer: bin
    ? {
        command: `${bin} map --demo --addr 127.0.0.1:7179`,
        url: given,
        timeout: 300_000,
        reuseExistingServer: false,
      }
    : given
      ? undefined
      : {
          command: 'node fixture/serve.mjs',
          env: { PORT: '7072' },
          url: 'http://127.0.0.1:7072/',
          reuseExistingServer: false,
        },
});
