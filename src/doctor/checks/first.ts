import { plural, timeText } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'

const stop =
  'stop the processes of the first coordinator: two coordinators do not see each other (docs/migration-guide.md)'

/** Traces of a coordinator that still runs beside this one, or that left something behind. */
export function checkFirst({ checkup: { first, foreignWrites, unknownRows } }: Facts): Finding[] {
  const found: Finding[] = []
  if (foreignWrites.length > 0) {
    const who = foreignWrites.map(
      ({ pid, role, application }) => `${pid} (${application || role || 'unknown'})`,
    )
    found.push(
      problem(
        'first',
        `sessions write to job_queue_state or job_queue_log directly: ${who.join(', ')}`,
        stop,
      ),
    )
  }
  if (first?.writtenAt != null) {
    const at = timeText(first.writtenAt)
    found.push(
      problem('first', `the first coordinator wrote to its tables after the migration, last at ${at}`, stop),
    )
  }
  if (first?.activeJobId != null)
    found.push(problem('first', `the first coordinator says that job ${first.activeJobId} runs`, stop))
  if (unknownRows.new > 0)
    found.push(
      problem(
        'first',
        `${plural(unknownRows.new, 'row')} of jobs were blocked since the migration by something else`,
        stop,
      ),
    )
  if (unknownRows.old > 0)
    found.push(
      note(
        'first',
        `${plural(unknownRows.old, 'row')} of jobs are still blocked by the first coordinator`,
        'interlock adopt',
      ),
    )
  return found
}
