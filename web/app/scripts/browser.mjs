import { existsSync } from 'node:fs';

// The browser of tests and measurements: CHROMIUM, else Debian's. The headless
// shell is the same engine without the windows of a desktop, and starts a page
// in half the time.
export const executablePath =
  process.env.CHROMIUM ??
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path)) ??
  'chromium';
