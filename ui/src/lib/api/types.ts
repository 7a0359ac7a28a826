/** Short names for the API's records; everything comes from the OpenAPI types. */
import type { components } from '@/api/schema'

type S = components['schemas']
export type User = S['User']
export type Workspace = S['Workspace']
export type Me = S['Me']
export type Session = S['Session']
export type Conversation = S['Conversation']
export type ConversationPatch = S['ConversationPatch']
export type ConversationStatus = S['ConversationStatus']
export type Priority = S['Priority']
export type Message = S['Message']
export type MessageStatus = S['MessageStatus']
export type NewMessage = S['NewMessage']
export type Contact = S['Contact']
export type Identity = S['Identity']
export type Channel = S['Channel']
export type Draft = S['Draft']
export type SearchHit = S['SearchHit']
export type Problem = S['Problem']
export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
