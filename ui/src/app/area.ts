/**
 * An area of the app (inbox, contacts, settings …) registers itself by exporting `defineArea({...})` as the default of
 * `src/features/<area>/routes.ts`. Nothing else has to be edited: routes, rail entries, commands and shortcuts are
 * collected in `areas.ts`. Its texts lie in `src/locales/<language>/<area>.json` and load with its first page.
 */
import type { Component } from 'vue'
import type { RouteLocationRaw, RouteRecordRaw } from 'vue-router'
import type { ShortcutDefinition } from '@/lib/shortcuts'

export type Role = 'owner' | 'agent'

export interface RailEntry {
  /** Name of the route it opens. */
  route: string
  /** Key of the label; page names are in `nav.*`. */
  title: string
  icon: Component
  /** Position from the top; the UI brief's table gives tens: Home 10, Inbox 20, Tickets 30 … */
  order: number
  /** Who sees it; everyone when absent. */
  roles?: Role[]
  /** True for one of the phone's bottom tabs. */
  tab?: boolean
  /** Sits at the rail's foot (settings, system). */
  foot?: boolean
  /** Stands under the entry while its area is open; it is told whether the rail is wide. */
  below?: Component
}

export interface Command {
  id: string
  title: string
  icon?: Component
  roles?: Role[]
  /** Where it goes, or what it does. */
  to?: RouteLocationRaw
  run?: () => void | Promise<void>
  /** A shortcut that does the same, shown beside it. */
  shortcut?: string
}

export interface Area {
  id: string
  routes: RouteRecordRaw[]
  rail?: RailEntry[]
  commands?: Command[]
  shortcuts?: ShortcutDefinition[]
}

export const defineArea = (area: Area): Area => area
