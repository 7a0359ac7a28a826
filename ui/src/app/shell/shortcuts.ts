import type { ShortcutDefinition } from '@/lib/shortcuts'

/** What works on every page. */
export const shellShortcuts: ShortcutDefinition[] = [
  { id: 'palette', keys: ['mod+k'], title: 'common.keys.palette', group: 'common.groups.general', inFields: true },
  { id: 'search', keys: ['/'], title: 'common.keys.search', group: 'common.groups.general' },
  { id: 'help', keys: ['?'], title: 'common.keys.help', group: 'common.groups.general' },
  { id: 'undo', keys: ['mod+z'], title: 'common.keys.undo', group: 'common.groups.general' },
  { id: 'panes', keys: ['f6'], title: 'common.keys.panes', group: 'common.groups.general', inFields: true },
]
