import { agree, plural, timeText } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem, those } from '../finding.ts'

const stop =
  'stop the processes of the first coordinator: two coordinators do not see each other (docs/migration-guide.md)'

/** Traces of the first coordinator: it still runs beside this one, or left something behind. */
export function checkFirst({ checkup: { first, foreignWrites, unknownRows } }: Facts): Finding[] {
  const who = foreignWrites.map(
    ({ pid, role, application }) => `${pid} (${application || role || 'unknown'})`,
  )
  const found = (what: string) => problem('first', what, stop)
  return those(
    who.length > 0 && found(`sessions write to job_queue_state or job_queue_log directly: ${who.join(', ')}`),
    first?.writtenAt != null &&
      found(
        `the first coordinator wrote to its tables after the migration, last at ${timeText(first.writtenAt)}`,
      ),
    first?.activeJobId != null && found(`the first coordinator says that job ${first.activeJobId} runs`),
    unknownRows.new > 0 &&
      found(
        `${plural(unknownRows.new, 'row')} of jobs ${agree(unknownRows.new, 'was', 'were')} blocked since the migration by something else`,
      ),
    unknownRows.old > 0 &&
      note(
        'first',
        `${plural(unknownRows.old, 'row')} of jobs ${agree(unknownRows.old, 'is', 'are')} still blocked by the first coordinator`,
        'interlock adopt',
      ),
  )
}
