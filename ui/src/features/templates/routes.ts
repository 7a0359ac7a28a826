import { LayoutTemplate, Library } from '@lucide/vue'
import { defineArea } from '@/app/area'

const meta = { texts: ['forms', 'inbox'] }

export default defineArea({
  id: 'templates',
  routes: [
    { path: 'templates', name: 'templates', component: () => import('./TemplatesPage.vue'), meta: { ...meta, title: 'nav.templates' } },
    { path: 'templates/library', name: 'template-library', component: () => import('./LibraryPage.vue'), meta: { ...meta, title: 'templates.library.title' } },
    { path: 'templates/:id', name: 'template', component: () => import('./TemplatePage.vue'), meta: { ...meta, title: 'nav.templates' } },
  ],
  rail: [{ route: 'templates', title: 'nav.templates', icon: LayoutTemplate, order: 80 }],
  commands: [
    { id: 'templates', title: 'nav.templates', icon: LayoutTemplate, to: { name: 'templates' }, shortcut: 'go.templates' },
    { id: 'template-library', title: 'templates.library.title', icon: Library, to: { name: 'template-library' } },
  ],
  shortcuts: [
    { id: 'go.templates', keys: ['g m'], title: 'nav.templates', group: 'common.groups.go' },
    { id: 'templates.all', keys: ['mod+a'], title: 'templates.keys.all', group: 'common.groups.list', scope: 'templates' },
    { id: 'templates.clear', keys: ['escape'], title: 'templates.keys.clear', group: 'common.groups.list', scope: 'templates' },
    { id: 'templates.save', keys: ['mod+s'], title: 'templates.keys.save', group: 'common.groups.compose', scope: 'template', inFields: true },
  ],
})
