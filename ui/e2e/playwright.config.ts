import { defineConfig } from '@playwright/test'

/**
 * Browser tests on the real binary: FRONTDESK_BIN names it, each worker starts its own demo on a free port.
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
  outputDir: '../test-results',
  timeout: 45_000,
  expect: { timeout: 8000 },
  workers: Number(process.env.E2E_WORKERS ?? 2),
  // As the Rust tests: what a busy machine made late is tried once more, and told as flaky.
  retries: 1,
  reporter: process.env.CI ? [['line']] : [['list']],
  use: { trace: 'retain-on-failure', locale: 'en' },
  projects: process.env.PERF ? [{ name: 'perf', use: { ...desktop, colorScheme: 'light', trace: 'off' }, retries: 0, testMatch: MEASURED[process.env.PERF] ?? MEASURED.list }] : [
    { name: 'light', use: { ...desktop, colorScheme: 'light' }, grepInvert: /@phone/ },
    { name: 'dark', use: { ...desktop, colorScheme: 'dark' }, grep: /@looks/ },
    { name: 'rtl', use: { ...desktop, colorScheme: 'light', locale: 'ar' }, grep: /@looks/ },
    { name: 'phone', use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'light', launchOptions }, grep: /@looks|@phone/ },
  ],
})
