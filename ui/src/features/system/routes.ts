import { Activity } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'system',
  routes: [
    {
      path: 'system/:tab(overview|sending|events|actors|logs)?', name: 'system', component: () => import('./SystemPage.vue'),
      meta: { roles: ['owner'], title: 'nav.system', texts: ['channels'] },
    },
  ],
  rail: [{ route: 'system', title: 'nav.system', icon: Activity, order: 180, foot: true, roles: ['owner'] }],
})
