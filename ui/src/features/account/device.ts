/** A browser and its system, out of what it calls itself: enough to recognise one's own devices. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
]
const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]
const find = (list: [RegExp, string][], text: string): string | null => list.find(([pattern]) => pattern.test(text))?.[1] ?? null

export interface Device {
  name: string | null
  mobile: boolean
}
export function deviceOf(agent: string | null | undefined): Device {
  const text = agent ?? ''
  const parts = [find(BROWSERS, text), find(SYSTEMS, text)].filter((part): part is string => part !== null)
  return { name: parts.length > 0 ? parts.join(' · ') : text.slice(0, 40) || null, mobile: /Mobile|iPhone|iPad|Android/.test(text) }
}
