/** Templates from the server. Lists are asked again when the provider says something, and while a review is under way. */
import { useQuery } from '@tanstack/vue-query'
import { onScopeDispose, type MaybeRefOrGetter, computed, toValue } from 'vue'
import { askAgain, ofKind, queryClient } from '@/app/query'
import { api, ok, type Page, type Template, type TemplateProblem } from '@/lib/api'
import { onLive } from '@/lib/live'
import type { Definition, Json } from './model'

export interface Filter {
  channel_id?: string
  status?: string
  category?: Template['definition']['category']
  language?: string
  name?: string
  q?: string
  sendable?: boolean
}
const REVIEW_MS = 4000
const SETTLE_MS = 600
const MAX_PAGES = 60
const waits = (template: Template | undefined): boolean => template?.status === 'in_review' || !!template?.approval_asked_by

export const changed = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ['templates'] })
/** The notice comes a moment before what it changes. */
function follow(): void {
  onScopeDispose(
    onLive((batch) => {
      if (batch.some((event) => event.type === 'notice.created')) setTimeout(() => askAgain(queryClient, ofKind('templates')), SETTLE_MS)
    }),
  )
}

async function whole(query: Filter, signal: AbortSignal): Promise<Template[]> {
  const all: Template[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next: Page<Template> = await ok(api.GET('/templates', { params: { query: { ...query, limit: 100, cursor } }, signal }))
    all.push(...next.items)
    if (!next.next_cursor) break
    cursor = next.next_cursor
  }
  return all
}
export function useTemplates(filter: MaybeRefOrGetter<Filter>, enabled: MaybeRefOrGetter<boolean> = true) {
  follow()
  return useQuery({
    queryKey: computed(() => ['templates', toValue(filter)]),
    queryFn: ({ signal }) => whole(toValue(filter), signal),
    enabled,
    placeholderData: (before) => before,
    refetchInterval: (query) => (query.state.data?.some(waits) ? REVIEW_MS : false),
  })
}
export function useTemplate(id: MaybeRefOrGetter<string>) {
  follow()
  return useQuery({
    queryKey: computed(() => ['templates', 'one', toValue(id)]),
    queryFn: ({ signal }) => ok(api.GET('/templates/{id}', { params: { path: { id: toValue(id) } }, signal })),
    refetchInterval: (query) => (waits(query.state.data) ? REVIEW_MS : false),
  })
}
export function useHistory(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: computed(() => ['templates', 'history', toValue(id)]),
    queryFn: ({ signal }) => ok(api.GET('/templates/{id}/history', { params: { path: { id: toValue(id) }, query: { limit: 100 } }, signal })),
  })
}
export function useTemplateSettings() {
  return useQuery({ queryKey: ['template-settings'], queryFn: ({ signal }) => ok(api.GET('/template-settings', { signal })) })
}
export function useRules() {
  return useQuery({ queryKey: ['template-rules'], queryFn: ({ signal }) => ok(api.GET('/template-rules', { signal })), staleTime: Infinity })
}

export interface Header { format: string; text: string; media: string | null; product?: string }
/** Products by their ids: those that a button shows, and the one whose picture stands above. */
export interface Shelf { thumbnail: string | null; sections: { title: string; products: string[] }[] }
export interface PreviewButton { kind: string; text: string; target: string; products?: Shelf }
export interface Preview {
  header: Header | null
  offer: string | null
  offer_ends_ms: number | null
  body: string
  footer: string
  buttons: PreviewButton[]
  cards: { header: Header | null; body: string; buttons: PreviewButton[] }[]
}
export interface Checked {
  ok: boolean
  problems: TemplateProblem[]
  variables: string[]
  missing: string[]
  preview: Preview
}
/** What the provider would say, and what the customer would see. */
export async function check(name: string, language: string, definition: Definition, values?: Json, signal?: AbortSignal, channel_id?: string): Promise<Checked> {
  const body = { name, language, ...(channel_id && { channel_id }), definition: { ...definition, components: definition.components as Record<string, never>[] }, values: values as Record<string, never> | undefined }
  return (await ok(api.POST('/templates/validate', { body, signal }))) as unknown as Checked
}

export interface Converted {
  name: string
  definition: Definition
  /** `variable:Amina`, `button:https://…`, `footer`, `dropped:customer`, `category:utility` */
  steps: string[]
  preview: Preview
}
/** A draft made of a text or call script; kept nowhere. */
export const convert = async (text: string): Promise<Converted> => (await ok(api.POST('/templates/convert', { body: { text } }))) as unknown as Converted
