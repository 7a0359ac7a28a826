import { MessageSquareQuote } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'snippets',
  routes: [
    { path: 'settings/snippets', name: 'snippets', component: () => import('./SnippetsPage.vue'), meta: { roles: ['owner'], title: 'nav.snippets', texts: ['settings', 'forms'] } },
  ],
  commands: [{ id: 'snippets', title: 'nav.snippets', icon: MessageSquareQuote, roles: ['owner'], to: { name: 'snippets' } }],
})
