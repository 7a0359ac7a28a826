import { Inbox, SquarePen } from '@lucide/vue'
import { part } from '@/app/parts'
import { defineArea } from '@/app/area'
import type { ShortcutDefinition } from '@/lib/shortcuts'
import { fromQuery } from './filters'
import { prefetchConversations } from './queries'

const key = (id: string, keys: string[], group: 'list' | 'conversation' | 'compose', more: Partial<ShortcutDefinition> = {}): ShortcutDefinition => ({
  id: `inbox.${id}`, keys, title: `inbox.keys.${id}`, group: `common.groups.${group}`, scope: 'inbox', ...more,
})

export default defineArea({
  id: 'inbox',
  routes: [{ path: 'inbox/:id?', name: 'inbox', component: () => import('./InboxPage.vue'), meta: { title: 'nav.inbox', deep: (route) => !!route.params.id, early: ({ query }) => prefetchConversations(fromQuery(query)) } }],
  rail: [{ route: 'inbox', title: 'nav.inbox', icon: Inbox, order: 20, tab: true, below: part(() => import('./RailViews.vue')) }],
  commands: [
    { id: 'inbox.write', title: 'inbox.commands.write', icon: SquarePen, to: { name: 'inbox', query: { write: 'new' } }, shortcut: 'inbox.write' },
    { id: 'inbox.mine', title: 'inbox.commands.mine', icon: Inbox, to: { name: 'inbox', query: { view: 'mine' } } },
    { id: 'inbox.unassigned', title: 'inbox.commands.unassigned', icon: Inbox, to: { name: 'inbox', query: { view: 'unassigned' } } },
  ],
  shortcuts: [
    { id: 'go.inbox', keys: ['g i'], title: 'nav.inbox', group: 'common.groups.go' },
    key('write', ['c'], 'compose'),
    key('down', ['j', 'down'], 'list'),
    key('up', ['k', 'up'], 'list'),
    key('open', ['enter'], 'list'),
    key('back', ['escape'], 'list'),
    key('select', ['x'], 'list'),
    key('extendDown', ['shift+down'], 'list'),
    key('extendUp', ['shift+up'], 'list'),
    key('all', ['mod+a'], 'list'),
    key('reply', ['r'], 'conversation'),
    key('note', ['n'], 'conversation'),
    key('resolve', ['e'], 'conversation'),
    key('resolveNext', ['shift+e'], 'conversation'),
    key('snooze', ['z'], 'conversation'),
    key('unread', ['u'], 'conversation'),
    key('assign', ['a'], 'conversation'),
    key('assignMe', ['i'], 'conversation'),
    key('label', ['l'], 'conversation'),
    key('priority', ['p'], 'conversation'),
    key('find', ['mod+shift+f'], 'conversation', { inFields: true }),
    key('send', ['mod+enter'], 'compose', { inFields: true }),
  ],
})
