/** Routes of all areas inside the shell; signed-out visitors go to the sign-in page and come back after it. */
import { createRouter, createWebHistory, type RouteLocationNormalizedLoaded, type RouteRecordRaw } from 'vue-router'
import type { Role } from './area'
import { allows, areas } from './areas'
import { ensureTexts, wantTexts } from './i18n'
import { ensureSession, me } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Shown without a session and outside the shell. */
    public?: boolean
    /** Areas whose texts the page needs besides its own. */
    texts?: string[]
    roles?: Role[]
    /** True where the page takes a phone's whole height, without top bar and tabs. */
    deep?: (route: RouteLocationNormalizedLoaded) => boolean
    /** Asks for the page's data before its parts are there; called only while somebody is signed in. */
    early?: (route: Pick<RouteLocationNormalizedLoaded, 'query' | 'params'>) => void
    /** Key of the page's name. */
    title?: string
  }
}

function withArea(area: string, route: RouteRecordRaw): RouteRecordRaw {
  const texts = [area, ...(route.meta?.texts ?? [])]
  return { ...route, meta: { ...route.meta, texts } }
}
const all = areas.flatMap((area) => area.routes.map((route) => withArea(area.id, route)))
const isPublic = (route: RouteRecordRaw): boolean => route.meta?.public === true

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    ...all.filter(isPublic),
    {
      path: '/',
      component: () => import('./shell/AppShell.vue'),
      children: [
        { path: '', name: 'start', redirect: () => ({ name: all.some((route) => route.name === 'home') ? 'home' : 'inbox' }) },
        ...all.filter((route) => !isPublic(route)),
        { path: ':path(.*)*', name: 'not-found', component: () => import('./shell/NotFound.vue'), meta: { title: 'nav.notFound' } },
      ],
    },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? undefined,
})

router.beforeEach(async (to) => {
  await ensureSession()
  const signedIn = me.value !== null
  if (to.meta.public) {
    if (to.name === 'login' && signedIn) return typeof to.query.next === 'string' ? safePath(to.query.next) : { name: 'start' }
    return true
  }
  if (!signedIn) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (!allows(to.meta.roles, me.value?.user.role)) return { name: 'start' }
  return true
})
router.beforeResolve((to) => ensureTexts(...(to.matched.flatMap((record) => record.meta.texts ?? []))))

/** Begins to load the parts, texts and, for somebody who is `known`, the data of a page that is going to be shown. A part that fails is asked for again by the router. */
export function hurry(path: string, known = false): void {
  const route = router.resolve(path)
  const { matched } = route
  wantTexts(matched.flatMap((record) => record.meta.texts ?? []))
  for (const { components, meta } of matched) {
    if (known) meta.early?.(route)
    const part: unknown = components?.default
    if (typeof part === 'function') void Promise.resolve((part as () => unknown)()).catch(() => undefined)
  }
}

/** Only a path of this app may follow sign-in, never another site. */
export function safePath(path: string): string {
  return /^\/(?![/\\])/.test(path) ? path : '/'
}
