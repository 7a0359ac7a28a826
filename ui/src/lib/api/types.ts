/** Short names for the API's records; everything comes from the generated OpenAPI types. */
import type { components, paths } from '@/api/schema'

type S = components['schemas']
/** Every address, from behind `/api/v1`. */
export type Api = { [P in keyof paths as P extends `/api/v1${infer Rest}` ? Rest : never]: paths[P] }

export type User = S['User']
export type Workspace = S['Workspace']
export type Me = S['MeAnswer']
export type Session = S['LoginAnswer']
export type LoginSession = S['Session']
export type Conversation = S['ConversationView']
export type ConversationPatch = S['PatchBody']
export type ConversationStatus = Conversation['status']
export type Priority = Conversation['priority']
export type Message = S['MessageView']
export type MessageStatus = Message['status']
export type NewMessage = S['NewMessage']
export type Media = S['MediaView']
export type MediaRule = S['MediaRuleView']
export type Contact = S['ContactView']
export type Identity = S['IdentityView']
export type Channel = S['ChannelView']
export type Check = S['CheckView']
export type Draft = S['DraftView']
export type Token = S['ApiToken']
export type Alert = S['AlertView']
export type Notice = S['NoticeView']
export type System = S['SystemView']
export type LogLine = S['LogLineView']
export type RawEvent = S['RawEventWhole']
export type DeadLetter = S['DeadLetterView']
export type Backup = S['BackupView']
export type SearchHit = S['HitView']
export type Customer = S['CustomerView']
export type Behaviour = Required<S['BehaviourView']>
export type PhoneMessage = S['PhoneMessageView']
export type Faults = Required<S['FaultsView']>
export type OpeningHours = S['OpeningHours']
export type Problem = S['Problem']
export type Template = S['TemplateView']
export type TemplateProblem = S['ProblemView']
export type TemplateChange = S['ChangeView']
export type LibraryTemplate = S['LibraryView']
export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
