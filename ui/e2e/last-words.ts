import type { Reporter, TestCase } from '@playwright/test/reporter'
import { relative } from 'node:path'

const LINES = 14
/** What failed and why, once more at the very end, where a log that is cut short still has it. */
export default class LastWords implements Reporter {
  private readonly ended = new Set<TestCase>()

  onTestEnd(test: TestCase): void {
    this.ended.add(test)
  }

  onExit(): Promise<void> {
    for (const test of this.ended) {
      if (test.outcome() === 'expected' || test.outcome() === 'skipped') continue
      const { file, line } = test.location
      console.log(`\n${test.outcome()}: [${test.parent.project()?.name}] ${relative('.', file)}:${line} ${test.title}`)
      for (const { errors, retry } of test.results) {
        for (const { message = '', location } of errors) {
          const plain = message.replace(/\u001b\[[0-9;]*m/g, '').split('\n').filter(Boolean)
          console.log(`  try ${retry + 1}, line ${location?.line}: ${plain.slice(0, LINES).join('\n    ')}`)
        }
      }
    }
    return Promise.resolve()
  }

  printsToStdio(): boolean {
    return false
  }
}
