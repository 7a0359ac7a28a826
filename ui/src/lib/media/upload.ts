/** Uploads a file with progress; `fetch` cannot tell how far a body is. */
import { NetworkError, toApiError, type Media } from '@/lib/api'

export interface Upload {
  done: Promise<Media>
  cancel: () => void
}

export function upload(file: Blob, about: { filename: string; kind: string; channel: string }, progress: (part: number) => void): Upload {
  const request = new XMLHttpRequest()
  const query = new URLSearchParams({ filename: about.filename, kind: about.kind, channel_id: about.channel })
  const done = new Promise<Media>((resolve, reject) => {
    request.open('POST', `/api/v1/media?${query}`)
    request.setRequestHeader('X-Frontdesk', '1')
    request.setRequestHeader('Accept', 'application/json, application/problem+json')
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream')
    request.upload.addEventListener('progress', (event) => event.lengthComputable && progress(event.loaded / event.total))
    request.addEventListener('error', () => reject(new NetworkError('network')))
    request.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')))
    request.addEventListener('load', () => {
      let body: unknown = null
      try {
        body = JSON.parse(request.responseText)
      } catch {
        // Told by the status.
      }
      if (request.status === 201) return resolve(body as Media)
      const headers = new Headers()
      const after = request.getResponseHeader('retry-after')
      if (after) headers.set('retry-after', after)
      reject(toApiError({ status: request.status, statusText: request.statusText, headers } as Response, body))
    })
    request.send(file)
  })
  return { done, cancel: () => request.abort() }
}
