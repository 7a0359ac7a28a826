/** Templates from a file and into one: read, tried out piece by piece, and only then added. */
import { api, ApiError, ok, type Template } from '@/lib/api'

const FORMAT = 'frontdesk-templates'
const VERSION = 1
export const MAX_FILE = 2_000_000
/** Of one request; the server takes at most 200. */
const BITE = 50
/** So many that the server cannot read are told one by one; a file with more is no list of templates. */
const MAX_BROKEN = 25

type Raw = Record<string, unknown>
export type FileFault = 'tooLarge' | 'noJson' | 'newer' | 'empty'
export class FileError extends Error {
  constructor(readonly fault: FileFault) {
    super(fault)
  }
}
export interface Tried {
  raw: Raw
  name: string
  language: string
  /** `broken`: the server cannot read it, and `detail` says why. */
  outcome: 'added' | 'exists' | 'broken'
  id: string | null
  /** Rules that are to be kept before it can be submitted. */
  problems: number
  detail: string
}

/** What a file holds. A bare list is taken too, as other programs write it. */
export function parseFile(text: string): Raw[] {
  let read: unknown
  try {
    read = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new FileError('noJson')
  }
  const file = read as { format?: unknown; version?: unknown; templates?: unknown } | null
  if (file && typeof file === 'object' && file.format === FORMAT && typeof file.version === 'number' && file.version > VERSION) throw new FileError('newer')
  const list = Array.isArray(read) ? read : file && typeof file === 'object' ? file.templates : null
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each))) throw new FileError('noJson')
  if (list.length === 0) throw new FileError('empty')
  return list as Raw[]
}
export async function readFile(file: File): Promise<Raw[]> {
  if (file.size > MAX_FILE) throw new FileError('tooLarge')
  return parseFile(await file.text())
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const blank = (raw: Raw): Tried => ({ raw, name: text(raw.name), language: text(raw.language), outcome: 'broken', id: null, problems: 0, detail: '' })
/** Which one of a request's templates the server refused; null if it was something else. */
export function refused(error: unknown): number | null {
  const place = error instanceof ApiError && error.status === 422 ? /^templates[.[](\d+)/.exec(error.field ?? '') : null
  return place ? Number(place[1]) : null
}

/** Adds templates as drafts, or (dry) only says what would become of each. One that cannot be read does not hold up the others. */
export async function importAll(channel_id: string, list: readonly Raw[], dry_run: boolean): Promise<Tried[]> {
  const tried = list.map(blank)
  let broken = 0
  for (let at = 0; at < tried.length; at += BITE) {
    let rest = tried.slice(at, at + BITE)
    while (rest.length > 0) {
      try {
        const templates = rest.map((each) => each.raw)
        const { items } = await ok(api.POST('/templates/import', { body: { channel_id, dry_run, templates } as never }))
        rest.forEach((each, place) => {
          const item = items[place]
          if (item) Object.assign(each, { outcome: item.outcome, id: item.id, language: item.language, problems: item.problems.length })
        })
        break
      } catch (error) {
        const place = refused(error)
        const one = place === null ? undefined : rest[place]
        if (!one || (broken += 1) > MAX_BROKEN) throw error
        one.detail = (error as ApiError).message
        rest = rest.filter((each) => each !== one)
      }
    }
  }
  return tried
}

/** Saves templates as a file; all of them, or those that are given. */
export async function exportFile(only: readonly Template[] | null, day: string): Promise<number> {
  const file = (await ok(api.GET('/templates/export'))) as { templates: { name: string; language: string }[] }
  const wanted = only && new Set(only.map((each) => `${each.name} ${each.language}`))
  const templates = file.templates.filter((each) => !wanted || wanted.has(`${each.name} ${each.language}`))
  const url = URL.createObjectURL(new Blob([JSON.stringify({ ...file, templates }, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `templates-${day}.json`
  link.click()
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return templates.length
}
