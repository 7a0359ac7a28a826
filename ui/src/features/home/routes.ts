import { House } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'home',
  routes: [{ path: 'home', name: 'home', component: () => import('./HomePage.vue'), meta: { title: 'nav.home', texts: ['inbox', 'channels', 'system', 'hours'] } }],
  rail: [{ route: 'home', title: 'nav.home', icon: House, order: 10 }],
})
