import { Plus, RadioTower } from '@lucide/vue'
import { defineArea } from '@/app/area'

const meta = { roles: ['owner' as const], texts: ['forms', 'instagram', 'signup'], title: 'channels.title' }

export default defineArea({
  id: 'channels',
  routes: [
    { path: 'settings/channels', name: 'channels', component: () => import('./ChannelsPage.vue'), meta },
    { path: 'settings/channels/new', name: 'channel-new', component: () => import('./NewChannelPage.vue'), meta: { ...meta, title: 'channels.add' } },
    { path: 'settings/channels/connect', name: 'channel-connect', component: () => import('./ConnectPage.vue'), meta: { ...meta, title: 'instagram.connecting' } },
    { path: 'settings/channels/:id', name: 'channel', component: () => import('./ChannelPage.vue'), meta },
  ],
  commands: [
    { id: 'channels', title: 'channels.title', icon: RadioTower, roles: ['owner'], to: { name: 'channels' } },
    { id: 'channel-new', title: 'channels.add', icon: Plus, roles: ['owner'], to: { name: 'channel-new' } },
  ],
})
