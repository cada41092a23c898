import { defineConfig } from 'vitest/config';
import { mock } from './fixture/server.mjs';

// dist is committed and embedded by the Go side: file names carry no hash, so
// that a rebuild changes only what changed, and every address is relative.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // The worker and the second layout are entries of their own, so that they
      // share the page's code and come only when they are wanted.
      preserveEntrySignatures: 'exports-only',
      input: { page: 'index.html', worker: 'src/map/worker.ts', force: 'src/map/force/force.ts' },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        codeSplitting: { groups: [{ name: 'map', test: /src.map/, minShareCount: 2 }] },
        assetFileNames: '[name][extname]',
      },
    },
  },
  plugins: [{ name: 'fixture', configureServer: (s) => void s.middlewares.use(mock()) }],
  test: { environment: 'happy-dom', setupFiles: ['src/setup.ts'], include: ['src/**/*.test.{ts,tsx}'] },
});
