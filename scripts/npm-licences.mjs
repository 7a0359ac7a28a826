// The browser app's packages: what goes into ui-dist/ must be under one of these licences, and nothing may come from
// anywhere but the registry under its own name. Reads the lock file only.
import { readFileSync } from 'node:fs'

const allowed = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])
const lock = JSON.parse(readFileSync(new URL('../ui/package-lock.json', import.meta.url), 'utf8'))
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
const wrong = packages.flatMap(([path, { dev, license, integrity, link }]) => [
  ...(!dev && !allowed.has(license) ? [`${path}: licence ${license}`] : []),
  ...(link || !integrity ? [`${path}: no checksum`] : []),
])
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${packages.length} packages: licences and checksums are fine`)
