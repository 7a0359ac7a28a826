/** Where a search hit leads. */
import type { RouteLocationRaw, Router } from 'vue-router'
import type { SearchHit } from '@/lib/api'

export function hitTarget(router: Router, hit: SearchHit): RouteLocationRaw {
  if (hit.conversation_id) {
    return { name: 'inbox', params: { id: hit.conversation_id }, query: hit.kind === 'contact' ? {} : { status: 'any', message: hit.id } }
  }
  for (const name of ['contact', 'contacts']) if (router.hasRoute(name)) return { name, params: { id: hit.id } }
  return { name: 'inbox', query: { status: 'any', q: hit.contact?.name ?? '' } }
}
