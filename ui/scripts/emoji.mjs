// Writes src/features/inbox/emoji-names/<language>.json: each emoji with its name and words, in the keyboard's usual order.
// Names are emojibase-data 17.0.0 (MIT) and, where it has no such language, CLDR annotations 48.2.0 (Unicode License v3).
// Both are needed for this only: npm install --no-save emojibase-data@17.0.0 cldr-annotations-full@48.2.0
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const read = (path) => JSON.parse(readFileSync(require.resolve(path), 'utf8'))
const MAX_WORDS = 8
/** Newer ones are boxes on many phones. */
const NEWEST = 15.1
const out = fileURLToPath(new URL('../src/features/inbox/emoji-names/', import.meta.url))

const usual = read('emojibase-data/en/data.json').filter((each) => each.group !== undefined && each.group !== 2 && each.version <= NEWEST).sort((a, b) => a.order - b.order)
const words = (name, all) => [...new Set(all.flatMap((tag) => tag.toLowerCase().split(/\s+/)))].filter((word) => !name.toLowerCase().split(/\s+/).includes(word)).slice(0, MAX_WORDS).join(' ')

function fromEmojibase(language) {
  const own = new Map(read(`emojibase-data/${language}/data.json`).map((each) => [each.hexcode, each]))
  return usual.map(({ emoji, hexcode, label, tags }) => {
    const name = own.get(hexcode)?.label ?? label
    return [emoji, name, words(name, own.get(hexcode)?.tags ?? tags ?? [])]
  })
}
function fromCldr(language) {
  const { annotations } = read(`cldr-annotations-full/annotations/${language}/annotations.json`).annotations
  return usual.map(({ emoji, label, tags }) => {
    const own = annotations[emoji.replaceAll('\uFE0F', '')] ?? annotations[emoji]
    const name = own?.tts?.[0] ?? label
    return [emoji, name, words(name, own?.default ?? tags ?? [])]
  })
}
mkdirSync(out, { recursive: true })
for (const [language, list] of [['en', fromEmojibase('en')], ['pt', fromEmojibase('pt')], ['es', fromEmojibase('es')], ['ar', fromCldr('ar')], ['sw', fromCldr('sw')]]) {
  writeFileSync(`${out}${language}.json`, `[\n${list.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`)
  console.log(language, list.length)
}
