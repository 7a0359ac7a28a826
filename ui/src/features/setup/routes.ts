import { defineArea } from '@/app/area'

export default defineArea({
  id: 'setup',
  routes: [
    {
      path: '/setup', name: 'setup', component: () => import('./SetupPage.vue'),
      meta: { public: true, title: 'nav.setup', texts: ['forms', 'channels', 'hours', 'instagram', 'signup'] },
    },
  ],
})
