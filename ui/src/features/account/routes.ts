import { UserRound } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'account',
  routes: [{ path: 'account', name: 'account', component: () => import('./AccountPage.vue'), meta: { title: 'nav.account', texts: ['forms'] } }],
  commands: [{ id: 'account', title: 'nav.account', icon: UserRound, to: { name: 'account' } }],
})
