import { defineConfig } from '@playwright/test';

// e2e/run.js starts the explorer and says where it is
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'target/test-results',
  workers: 1,
  reporter: 'list',
  // slowness is not a fault: these only end what would never end
  timeout: 240_000,
  expect: { timeout: 120_000 },
  use: {
    baseURL: process.env.EXPLORER ?? 'http://127.0.0.1:7070',
    actionTimeout: 120_000,
    reducedMotion: 'reduce',
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    },
  },
});
