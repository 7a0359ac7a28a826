import { Banknote, MegaphoneOff } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'usage',
  routes: [
    { path: 'settings/usage', name: 'usage', component: () => import('./UsagePage.vue'), meta: { roles: ['owner'], title: 'settings.usage', texts: ['settings', 'forms'] } },
    { path: 'settings/consent', name: 'consent-settings', component: () => import('./ConsentPage.vue'), meta: { roles: ['owner'], title: 'settings.consent', texts: ['settings', 'forms', 'consent'] } },
  ],
  commands: [
    { id: 'usage', title: 'settings.usage', icon: Banknote, roles: ['owner'], to: { name: 'usage' } },
    { id: 'consent-settings', title: 'settings.consent', icon: MegaphoneOff, roles: ['owner'], to: { name: 'consent-settings' } },
  ],
})
