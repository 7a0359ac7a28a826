/** What of a document can be read without leaving the app. */
export type Preview = 'pdf' | 'text' | 'table'
/** Most of a text that is fetched to be read. */
export const MAX_PREVIEW = 200 << 10
/** Most rows and columns of a table that are shown. */
export const MAX_ROWS = 500
export const MAX_COLUMNS = 40

/** How a document of this type is shown here; null where this browser cannot, as phones cannot show PDF files within a page. */
export function previewOf(mime: string, pdf = navigator.pdfViewerEnabled): Preview | null {
  const type = mime.split(';')[0]!.trim().toLowerCase()
  if (type === 'application/pdf') return pdf ? 'pdf' : null
  if (type === 'text/csv') return 'table'
  return type === 'text/plain' || type === 'application/json' ? 'text' : null
}

/** Words of a file that does not say how it is written: UTF-8, and where it is not, as old office programs write. */
export function decode(bytes: Uint8Array, cut: boolean): string {
  try {
    // The last letter of a text that was cut may be half there.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut })
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Rows of a table: the commonest of comma, semicolon and tab in its first line divides it; quoted fields may hold anything. */
export function rowsOf(text: string): string[][] {
  const first = text.split('\n', 1)[0] ?? ''
  const by = [',', ';', '\t'].reduce((best, each) => (first.split(each).length > first.split(best).length ? each : best), ',')
  const rows: string[][] = [[]]
  let field = ''
  let quoted = false
  const end = (): unknown => rows.at(-1)!.length < MAX_COLUMNS && rows.at(-1)!.push(field)
  for (let at = 0; at < text.length && rows.length <= MAX_ROWS; at++) {
    const letter = text[at]!
    if (quoted) {
      if (letter !== '"') field += letter
      else if (text[at + 1] === '"') field += text[++at]!
      else quoted = false
    } else if (letter === '"' && field === '') quoted = true
    else if (letter === by) {
      end()
      field = ''
    } else if (letter === '\n') {
      end()
      field = ''
      rows.push([])
    } else if (letter !== '\r') field += letter
  }
  if (field !== '' || rows.at(-1)!.length > 0) end()
  return rows.filter((row) => row.some((each) => each !== '')).slice(0, MAX_ROWS)
}

/** The beginning of a file, and whether there is more. */
export async function beginningOf(url: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const answer = await fetch(url, { signal })
  if (!answer.ok || !answer.body) throw new Error(String(answer.status))
  const reader = answer.body.getReader()
  const pieces: Uint8Array[] = []
  let size = 0
  while (size <= MAX_PREVIEW) {
    const { done, value } = await reader.read()
    if (done) break
    pieces.push(value)
    size += value.length
  }
  const cut = size > MAX_PREVIEW
  if (cut) await reader.cancel()
  const bytes = new Uint8Array(Math.min(size, MAX_PREVIEW))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece.subarray(0, bytes.length - at), at)
    at = Math.min(bytes.length, at + piece.length)
  }
  return { text: decode(bytes, cut), cut }
}
