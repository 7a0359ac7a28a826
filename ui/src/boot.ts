/**
 * Runs while the app's own parts are still on their way: asks for what the inbox will show, so that a far network is waited
 * for once. Stands alone; anything it imported would have to be waited for. `lib/api/early.ts` hands the answers over.
 */
const TEXTS = 'frontdesk-texts'

/** What `/inbox` asks for first when somebody is signed in; a test holds it against what the inbox really asks for. */
export const FIRST = [
  '/api/v1/me',
  '/api/v1/conversations?status=open%2Cpending%2Con_hold&sort=newest&limit=50',
  '/api/v1/channels?limit=100',
]

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage may be switched off; the app then asks by itself
  }
}

/** Names of the files with the inbox's texts, by language, as the build left them on the page. */
function texts(): string[] {
  const files = JSON.parse(document.querySelector<HTMLMetaElement>(`meta[name=${TEXTS}]`)?.content ?? '{}') as Record<string, string[]>
  const wanted = [stored('frontdesk.language'), ...navigator.languages].map((tag) => tag?.toLowerCase().split(/[-_]/)[0] ?? '')
  return files[wanted.find((tag) => tag in files) ?? 'en'] ?? []
}

if (location.pathname === '/inbox') {
  for (const file of texts()) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: file }))
  if (location.search === '' && stored('frontdesk.signed-in')) {
    const headers = { Accept: 'application/json, application/problem+json' }
    globalThis.frontdeskEarly = new Map(FIRST.map((path) => [path, fetch(path, { credentials: 'same-origin', headers })]))
    // Whoever takes an answer hears of its failure.
    for (const answer of globalThis.frontdeskEarly.values()) answer.catch(() => undefined)
  }
}
