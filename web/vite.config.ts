import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'target/classes/web',
    emptyOutDir: true,
    // a picture in the style sheet would be a data: address, which the policy of the pages does not let in
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts'] },
  // `npm run dev` beside a running `./loupe explore --port 7070`
  server: {
    proxy: {
      '/api': {
        target: 'http://127.0.0.1:7070',
        changeOrigin: true,
        headers: { Origin: 'http://127.0.0.1:7070' },
      },
    },
  },
});
