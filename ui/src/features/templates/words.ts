/** Words for rules and languages: ours where the language has them, else the server's. */
import { i18n, t } from '@/app/i18n'
import type { TemplateProblem } from '@/lib/api'
import { number } from '@/lib/format'

/** What is wrong and what to do, in the person's language where it is written there. */
export function ruleText(problem: TemplateProblem): string {
  const key = `templates.rules.${problem.rule}`
  return i18n.global.te(key) ? t(key, { max: problem.limit === null ? '' : number(problem.limit), open: '{{1}}' }) : `${problem.message} ${problem.remedy}`
}

/** A language code as a name: `pt_BR` → "Portuguese (Brazil)". */
export function languageName(code: string, shown: string): string {
  try {
    return new Intl.DisplayNames([shown], { type: 'language' }).of(code.replace('_', '-')) ?? code
  } catch {
    return code
  }
}
