import { Inbox } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'inbox',
  routes: [{ path: 'inbox/:id?', name: 'inbox', component: () => import('./InboxPage.vue'), meta: { title: 'nav.inbox' } }],
  rail: [{ route: 'inbox', title: 'nav.inbox', icon: Inbox, order: 20, tab: true }],
  shortcuts: [{ id: 'go.inbox', keys: ['g i'], title: 'nav.inbox', group: 'common.groups.go' }],
})
