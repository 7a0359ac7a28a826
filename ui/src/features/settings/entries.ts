/** The settings that exist, and finding one by any of its words. */
import { Activity, ArchiveRestore, Banknote, BellRing, Clock, Images, KeyRound, Megaphone, MegaphoneOff, MessageSquareQuote, RadioTower, Smartphone, UserRound, Users } from '@lucide/vue'
import type { Component } from 'vue'
import { fold } from '@/lib/fold'

export interface Entry {
  route: string
  icon: Component
  /** Keys of its name and of what it is for. */
  title: string
  text: string
  /** Key of further words that people may look for. */
  words: string
}
const entry = (id: string, route: string, icon: Component, title: string): Entry => ({
  route, icon, title, text: `settings.index.${id}.text`, words: `settings.index.${id}.words`,
})
export const ENTRIES: Entry[] = [
  entry('channels', 'channels', RadioTower, 'channels.title'),
  entry('hours', 'hours', Clock, 'nav.hours'),
  entry('snippets', 'snippets', MessageSquareQuote, 'nav.snippets'),
  entry('usage', 'usage', Banknote, 'settings.usage'),
  entry('consent', 'consent-settings', MegaphoneOff, 'settings.consent'),
  entry('members', 'members', Users, 'settings.members.title'),
  entry('tokens', 'tokens', KeyRound, 'settings.tokens.title'),
  entry('backups', 'backups', ArchiveRestore, 'settings.backups.title'),
  entry('media', 'media-settings', Images, 'settings.media.title'),
  entry('alerts', 'alert-settings', BellRing, 'settings.alerts.title'),
  entry('notices', 'notices', Megaphone, 'settings.notices.title'),
  entry('system', 'system', Activity, 'nav.system'),
  entry('phone', 'phone', Smartphone, 'nav.phone'),
  entry('account', 'account', UserRound, 'nav.account'),
]

export { fold }
export function findEntries(query: string, t: (key: string) => string): Entry[] {
  const words = fold(query).split(/\s+/).filter(Boolean)
  if (words.length === 0) return ENTRIES
  return ENTRIES.filter((each) => {
    const hay = fold(`${t(each.title)} ${t(each.text)} ${t(each.words)}`)
    return words.every((word) => hay.includes(word))
  })
}
