import { Smartphone } from '@lucide/vue'
import { defineArea } from '@/app/area'

export default defineArea({
  id: 'phone',
  routes: [
    {
      path: 'phone/instagram/:id?', name: 'phone-instagram', component: () => import('./InstagramPage.vue'),
      meta: { title: 'nav.phone', texts: ['inbox', 'thread', 'content', 'forms', 'channels', 'instagram'], deep: (route) => !!route.params.id },
    },
    {
      path: 'phone/:id?', name: 'phone', component: () => import('./PhonePage.vue'),
      meta: { title: 'nav.phone', texts: ['inbox', 'thread', 'content', 'forms', 'channels', 'instagram'], deep: (route) => !!route.params.id },
    },
  ],
  rail: [{ route: 'phone', title: 'nav.phone', icon: Smartphone, order: 175, foot: true }],
})
