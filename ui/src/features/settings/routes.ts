import { ArchiveRestore, BellRing, Images, KeyRound, Settings, Users } from '@lucide/vue'
import { defineArea } from '@/app/area'

const meta = { roles: ['owner' as const], texts: ['forms', 'account', 'channels'] }

export default defineArea({
  id: 'settings',
  routes: [
    { path: 'settings', name: 'settings', component: () => import('./SettingsPage.vue'), meta: { ...meta, title: 'nav.settings' } },
    { path: 'settings/members', name: 'members', component: () => import('./MembersPage.vue'), meta: { ...meta, title: 'settings.members.title' } },
    { path: 'settings/tokens', name: 'tokens', component: () => import('./TokensPage.vue'), meta: { ...meta, title: 'settings.tokens.title' } },
    { path: 'settings/backups', name: 'backups', component: () => import('./BackupsPage.vue'), meta: { ...meta, title: 'settings.backups.title' } },
    { path: 'settings/alerts', name: 'alert-settings', component: () => import('./AlertsPage.vue'), meta: { ...meta, title: 'settings.alerts.title' } },
    { path: 'settings/media', name: 'media-settings', component: () => import('./MediaPage.vue'), meta: { ...meta, title: 'settings.media.title' } },
    { path: 'settings/notices', name: 'notices', component: () => import('./NoticesPage.vue'), meta: { ...meta, title: 'settings.notices.title' } },
  ],
  rail: [{ route: 'settings', title: 'nav.settings', icon: Settings, order: 170, foot: true, roles: ['owner'] }],
  commands: [
    { id: 'members', title: 'settings.members.title', icon: Users, roles: ['owner'], to: { name: 'members' } },
    { id: 'tokens', title: 'settings.tokens.title', icon: KeyRound, roles: ['owner'], to: { name: 'tokens' } },
    { id: 'backups', title: 'settings.backups.title', icon: ArchiveRestore, roles: ['owner'], to: { name: 'backups' } },
    { id: 'media-settings', title: 'settings.media.title', icon: Images, roles: ['owner'], to: { name: 'media-settings' } },
    { id: 'alert-settings', title: 'settings.alerts.title', icon: BellRing, roles: ['owner'], to: { name: 'alert-settings' } },
  ],
  shortcuts: [{ id: 'go.settings', keys: ['g s'], title: 'nav.settings', group: 'common.groups.go' }],
})
