import { defineConfig } from 'vitest/config';
import { mock } from './fixture/server.mjs';

// See there why d3 needs no more than this of two of its modules.
const still = new URL('./src/map/transition.ts', import.meta.url).pathname;

// dist is committed and embedded by the Go side: file names carry no hash, so
// that a rebuild changes only what changed, and every address is relative.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    alias: { 'd3-transition': still, 'd3-interpolate': still },
  },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      output: {
        entryFileNames: 'page.js',
        chunkFileNames: '[name].js',
        assetFileNames: '[name][extname]',
      },
    },
  },
  plugins: [{ name: 'fixture', configureServer: (s) => void s.middlewares.use(mock()) }],
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'] },
});
