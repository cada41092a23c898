import { defineConfig } from '@playwright/test';

// With PERIPLUS_URL the page of a running Periplus is tested; without it, dist
// over the fixture.
const given = process.env.PERIPLUS_URL;

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
  webServer: given
    ? undefined
    : {
        command: 'node fixture/serve.mjs',
        env: { PORT: '7072' },
        url: 'http://127.0.0.1:7072/',
        reuseExistingServer: false,
      },
});
