import { hasDecider } from '../../../engine/core/index.ts'
import { agree, duration, plural } from '../../format/index.ts'
import { UNDECIDED_MS } from '../../insight/parts.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem, those } from '../finding.ts'

/** What came in and waits to be taken in, or was refused: rows, commands, and rows from before the migration. */
export function checkArrivals({ checkup, adoptable, workers, submitted }: Facts): Finding[] {
  const { arrivals, inbox } = checkup
  // With nobody alive, nobody is about to.
  const soonMs = hasDecider({ workers }) ? UNDECIDED_MS : -1
  const old = Object.entries(adoptable.totals ?? {}).filter(([, n]) => n > 0)
  const counts = old.map(([state, n]) => `${n} ${state}`).join(', ')
  return those(
    (arrivals.ageMs ?? -1) > soonMs &&
      problem(
        'arrivals',
        `${plural(arrivals.rows, 'row')} of jobs arrived, and no process takes any in, the oldest for ${duration(arrivals.ageMs ?? 0)}`,
        'start a worker with intake: interlock work --handler <file> --intake, or createJobWorker({ intake: true })',
      ),
    (inbox.ageMs ?? -1) > soonMs &&
      problem(
        'inbox',
        `${plural(inbox.rows, 'command')} by SQL ${agree(inbox.rows, 'is', 'are')} undecided, the oldest for ${duration(inbox.ageMs ?? 0)}`,
        'start a process of Interlock on this queue: any process decides them',
      ),
    refused(submitted),
    counts !== '' &&
      note(
        'adoptable',
        `rows of jobs that are in no log, and that no process takes in: ${counts}`,
        'interlock adopt',
      ),
  )
}

/** A submission was committed before it was decided, so nobody else may have noticed. */
function refused({ refused: { commands }, jobs }: Facts['submitted']): Finding | false {
  if (commands === 0) return false
  const newest = jobs.find(({ state, requestId }) => state === 'refused' && requestId !== null)
  const such =
    newest === undefined ? '' : `, the newest of job ${newest.jobId}: ${newest.code}: ${newest.message}`
  return note(
    'refused',
    `${plural(commands, 'submission')} by SQL ${agree(commands, 'was', 'were')} refused in the last day, after the commit, and ${agree(commands, 'is', 'are')} not in line since${such}`,
    'interlock queue lists them; correct them, and submit them again under other request ids',
  )
}
