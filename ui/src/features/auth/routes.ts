import { defineArea } from '@/app/area'

export default defineArea({
  id: 'auth',
  routes: [
    { path: '/login', name: 'login', component: () => import('./LoginPage.vue'), meta: { public: true, title: 'nav.login' } },
  ],
})
