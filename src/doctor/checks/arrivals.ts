import { agree, duration, plural } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem, those } from '../finding.ts'

/** A live process with intake looks every second. Every process looks into the inbox every five. */
const UNTAKEN_MS = 15_000

/** What came in and waits to be taken in: rows, commands, and rows from before the migration. */
export function checkArrivals({ checkup: { arrivals, inbox }, adoptable }: Facts): Finding[] {
  const [rowsMs, inboxMs] = [arrivals.ageMs ?? 0, inbox.ageMs ?? 0]
  const old = Object.entries(adoptable.totals ?? {}).filter(([, n]) => n > 0)
  const counts = old.map(([state, n]) => `${n} ${state}`).join(', ')
  return those(
    rowsMs > UNTAKEN_MS &&
      problem(
        'arrivals',
        `${plural(arrivals.rows, 'row')} of jobs arrived, and no process takes any in, the oldest for ${duration(rowsMs)}`,
        'start a worker with intake: interlock work --handler <file> --intake, or createJobWorker({ intake: true })',
      ),
    inboxMs > UNTAKEN_MS &&
      problem(
        'inbox',
        `${plural(inbox.rows, 'command')} by SQL ${agree(inbox.rows, 'is', 'are')} undecided, the oldest for ${duration(inboxMs)}`,
        'start a process of Interlock on this queue: any process decides them',
      ),
    counts !== '' &&
      note(
        'adoptable',
        `rows of jobs that are in no log, and that no process takes in: ${counts}`,
        'interlock adopt',
      ),
  )
}
