// The browser app's packages: what goes into ui-dist/ must be under one of these licences, and nothing may come from
// anywhere but the registry under its own name. Data that was made from others' (emoji names) brings its own notices. Checks that packaging/browser-app-notices.txt holds their notices;
// `write` makes it anew. Reads the lock file, and the notices from ui/node_modules.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const allowed = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])
const root = new URL('../', import.meta.url)
const lock = JSON.parse(readFileSync(new URL('ui/package-lock.json', root), 'utf8'))
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
const shipped = packages.filter(([, { dev, optional }]) => !dev && !optional)

const wrong = packages.flatMap(([path, { dev, license, integrity, link }]) => [
  ...(!dev && !allowed.has(license) ? [`${path}: licence ${license}`] : []),
  ...(link || !integrity ? [`${path}: no checksum`] : []),
])

function notices(path) {
  const folder = new URL(`ui/${path}/`, root)
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  const texts = names.filter((name) => /^(licen[sc]e|copying|notice)/i.test(name))
  return texts.map((name) => readFileSync(new URL(name, folder), 'utf8').trim()).join('\n\n')
}
const line = '='.repeat(64)
const text = shipped
  .map(([path, { version, license }]) => {
    const name = path.replace(/^.*node_modules\//, '')
    return `${line}\n${name} ${version} (${license})\n\n${notices(path)}\n`
  })
  .concat(`${line}\nThe names of emoji\n\n${readFileSync(new URL('ui/src/features/inbox/emoji-names/NOTICES.txt', root), 'utf8').trim()}\n`)
  .join('\n')

const file = new URL('packaging/browser-app-notices.txt', root)
if (process.argv[2] === 'write') writeFileSync(file, text)
if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  wrong.push("packaging/browser-app-notices.txt is out of date: run 'make api'")
}
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${packages.length} packages: licences, checksums and notices are fine`)
