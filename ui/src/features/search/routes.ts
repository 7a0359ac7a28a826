import { Search } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'search',
  routes: [{ path: 'search', name: 'search', component: () => import('./SearchPage.vue'), meta: { title: 'nav.search' } }],
  commands: [{ id: 'search.page', title: 'search.open', icon: Search, to: { name: 'search' } }],
})
