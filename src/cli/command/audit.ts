import { Auditor } from '../audit/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { count, plural } from '../format.ts'
import { eachEvent } from '../read-log.ts'
import { withStore } from '../store.ts'
import { table } from '../terminal/table.ts'

/** A log that broke a promise once usually goes on breaking it; the first ones tell the cause. */
const SHOWN = 20

export function addAudit(cli: Cli): void {
  cli.command(
    'audit',
    'prove from the log alone that no promise was broken; shares no code with what decides',
    [
      ['audit', 'exit code 3 if there is any violation'],
      ['audit --json', 'every violation with its event, rule, job and model'],
    ],
    async (frame) => {
      const auditor = new Auditor()
      await withStore(frame, (store) => eachEvent(frame, store, 'audited', (event) => auditor.push(event)))
      const report = auditor.report()
      const { violations, events, jobs, attempts, maxConcurrent } = report
      const rows = violations
        .slice(0, SHOWN)
        .map(({ seq, rule, jobId, detail }) => [seq, rule, jobId ?? '—', detail])
      const found =
        violations.length === 0 ? '' : `\n${table(['seq', 'rule', 'job', 'what'], rows, { right: [0] })}`
      frame.emit(
        report,
        `${plural(violations.length, 'violation')} in ${plural(events, 'event')}: ${plural(jobs, 'job')}, ${plural(attempts, 'attempt')}, at most ${count(maxConcurrent)} at once${found}`,
      )
      if (violations.length > 0) throw new FoundSomething()
    },
  )
}
