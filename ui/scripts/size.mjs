// Prints what the browser loads (gzip) and fails above the budgets of the UI brief, section 8.
// Reads Vite's manifest: the inbox's first load is the entry, the shell and the inbox route with their static imports.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../../ui-dist/', import.meta.url))
const manifest = JSON.parse(readFileSync(join(dist, 'build-manifest.json'), 'utf8'))
const KB = 1000
const gz = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length

function closure(keys) {
  const js = new Set()
  const css = new Set()
  const seen = new Set()
  const walk = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    const chunk = manifest[key]
    if (!chunk) return
    if (chunk.file.endsWith('.js')) js.add(chunk.file)
    for (const file of chunk.css ?? []) css.add(file)
    for (const next of chunk.imports ?? []) walk(next)
  }
  keys.forEach(walk)
  return { js, css, seen }
}
const sum = (files) => [...files].reduce((total, file) => total + gz(file), 0)

let failed = false
function check(name, bytes, limit) {
  const ok = bytes <= limit * KB
  failed ||= !ok
  console.log(`${ok ? 'ok  ' : 'OVER'} ${name.padEnd(46)} ${(bytes / KB).toFixed(1).padStart(7)} kB of ${limit}`)
}

const entry = 'index.html'
const shell = 'src/app/shell/AppShell.vue'
// They follow the first sight of every page, so that another route finds them there.
const menus = ['UserMenu', 'ConnectionState'].map((name) => `src/app/shell/${name}.vue`)
const inbox = 'src/features/inbox/InboxPage.vue'
const english = Object.keys(manifest).filter((key) => /locales\/en\/(common|nav|inbox)\.json$/.test(key))
const first = closure(['src/boot.ts', entry, shell, inbox, ...english])
check('inbox, first load, JS (with English texts)', sum(first.js), 170)
check('inbox, first load, CSS', sum(first.css), 15)
for (const menu of menus) check(menu, sum([...closure([menu]).js].filter((file) => !first.js.has(file))), 60)

const base = closure([entry, shell, ...menus]).js
const lazyLimits = [[/echarts|charts/i, 215], [/tiptap|editor/i, 155], [/vue-flow|canvas/i, 75]]
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || key === inbox || key === shell || menus.includes(key) || !chunk.file.endsWith('.js')) continue
  if (!/\.vue$/.test(key)) continue
  const own = [...closure([key]).js].filter((file) => !base.has(file))
  const limit = lazyLimits.find(([pattern]) => pattern.test(key))?.[1] ?? 60
  check(key, sum(own), limit)
}

let total = 0
const walkDir = (dir) => {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    const stat = statSync(path)
    if (stat.isDirectory()) walkDir(path)
    else total += stat.size
  }
}
walkDir(dist)
check('ui-dist on disk', total, 4000)
process.exit(failed ? 1 : 0)
