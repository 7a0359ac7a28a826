import { Clock } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'hours',
  routes: [
    { path: 'settings/hours', name: 'hours', component: () => import('./HoursPage.vue'), meta: { roles: ['owner'], title: 'nav.hours', texts: ['settings', 'forms'] } },
  ],
  commands: [{ id: 'hours', title: 'nav.hours', icon: Clock, roles: ['owner'], to: { name: 'hours' } }],
})
