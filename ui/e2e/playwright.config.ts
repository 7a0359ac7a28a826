import { defineConfig } from '@playwright/test'
import { availableParallelism } from 'node:os'

/**
 * Browser tests on the real binary: FRONTDESK_BIN names it, each worker has a demo of its own on a free port (servers.ts).
 * FRONTDESK_URL uses a server that already runs. CHROMIUM names the browser (Debian's by default).
 */
const launchOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
}
/** What is measured, by what `PERF` names; none of it runs with the tests. */
const MEASURED: Record<string, RegExp> = { list: /perf\.ts$/, desk: /perf-desk\.ts$/, start: /perf-start\.ts$/ }
const desktop = { viewport: { width: 1440, height: 900 }, launchOptions }

export default defineConfig({
  testDir: '.',
  globalSetup: './servers.ts',
  outputDir: '../test-results',
  timeout: 90_000,
  // For what a busy machine makes late; what comes in time is not held up by it.
  expect: { timeout: 15_000 },
  workers: process.env.PERF ? 1 : Number(process.env.E2E_WORKERS ?? Math.min(4, Math.max(2, availableParallelism() - 1))),
  // One by one over the workers: a long file would keep one of them busy when the others are done.
  fullyParallel: true,
  // As the Rust tests: what a busy machine made late is tried once more, and told as flaky.
  retries: 1,
  reporter: [[process.env.CI ? 'line' : 'list'], ['./last-words.ts']],
  use: { trace: 'on-first-retry', locale: 'en' },
  projects: process.env.PERF ? [{ name: 'perf', use: { ...desktop, colorScheme: 'light', trace: 'off' }, retries: 0, testMatch: MEASURED[process.env.PERF] ?? MEASURED.list }] : [
    { name: 'light', use: { ...desktop, colorScheme: 'light' }, grepInvert: /@phone/ },
    { name: 'rtl', use: { ...desktop, colorScheme: 'light', locale: 'ar' }, grep: /@looks/ },
    { name: 'phone', use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'light', launchOptions }, grep: /@looks|@phone/ },
  ],
})
