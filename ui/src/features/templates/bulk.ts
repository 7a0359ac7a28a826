/** One act on many templates: a few at a time, so that progress can be told; every failure is kept with its template. */
import { api, ok, type Template } from '@/lib/api'

export type Act = 'submit' | 'approve' | 'delete' | 'roles'
export interface Failure {
  template: Template
  detail: string
}
export interface Run {
  act: Act
  total: number
  done: number
  failed: Failure[]
  over: boolean
}
const BITE = 10

export async function runBulk(act: Act, templates: readonly Template[], agents: boolean | null, tell: (run: Run) => void): Promise<Run> {
  let run: Run = { act, total: templates.length, done: 0, failed: [], over: false }
  tell(run)
  try {
    for (let at = 0; at < templates.length; at += BITE) {
      const bite = templates.slice(at, at + BITE)
      const roles = act === 'roles' ? (agents ? ['owner', 'agent'] : ['owner']) : undefined
      const { items } = await ok(api.POST('/templates/bulk', { body: { action: act, ids: bite.map((each) => each.id), roles } as never }))
      const failed = items.flatMap((item): Failure[] => {
        const template = bite.find((each) => each.id === item.id)
        return item.ok || !template ? [] : [{ template, detail: item.detail ?? '' }]
      })
      run = { ...run, done: run.done + bite.length, failed: [...run.failed, ...failed] }
      tell(run)
    }
  } finally {
    // What was not asked for any more is left as it was; the caller says why.
    run = { ...run, over: true }
    tell(run)
  }
  return run
}
