/** Words for rules and languages: ours where the language has them, else the server's. */
import { i18n, t } from '@/app/i18n'
import { said } from '@/app/said'
import type { TemplateProblem } from '@/lib/api'
import { number } from '@/lib/format'

/** What is wrong and what to do, in the person's language where it is written there. */
export function ruleText(problem: TemplateProblem): string {
  const key = `templates.rules.${problem.rule}`
  if (i18n.global.te(key)) return t(key, { max: problem.limit === null ? '' : number(problem.limit), open: '{{1}}' })
  return `${said(problem.message, problem.message_phrase)} ${problem.remedy}`.trim()
}

/** A language code as a name: `pt_BR` → "Portuguese (Brazil)". */
export function languageName(code: string, shown: string): string {
  try {
    return new Intl.DisplayNames([shown], { type: 'language' }).of(code.replace('_', '-')) ?? code
  } catch {
    return code
  }
}
