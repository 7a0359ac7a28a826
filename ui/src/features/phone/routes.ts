import { Smartphone } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'phone',
  routes: [
    {
      path: 'phone/:id?', name: 'phone', component: () => import('./PhonePage.vue'),
      meta: { title: 'nav.phone', texts: ['inbox', 'content', 'forms', 'channels'], deep: (route) => !!route.params.id },
    },
  ],
  rail: [{ route: 'phone', title: 'nav.phone', icon: Smartphone, order: 175, foot: true }],
})
