import type { Facts } from '../facts.ts'
import { type Finding, note } from '../finding.ts'

/** Vacuum runs once a minute. A transaction older than this makes the tables of a busy queue grow. */
const LONG_MS = 10 * 60_000
const MINUTE_MS = 60_000

/** A long transaction elsewhere: the server keeps every old version of a row until it ends. */
export function checkHorizon({ checkup: { xmin } }: Pick<Facts, 'checkup'>): Finding[] {
  if (xmin === null || xmin.ageMs < LONG_MS) return []
  const who = [xmin.application || 'unnamed', xmin.role, xmin.state]
    .filter((part) => part !== null)
    .join(', ')
  const minutes = Math.floor(xmin.ageMs / MINUTE_MS)
  const what = `a transaction has been open for ${minutes} min (${who}): the tables keep every old version of a row until it ends`
  const remedy =
    xmin.kind === 'prepared'
      ? `COMMIT PREPARED or ROLLBACK PREPARED '${xmin.application}'`
      : "end it, or let the server end those that idle: ALTER ROLE … SET idle_in_transaction_session_timeout = '5min'; a dump of a busy database is better taken from a standby"
  return [note('horizon', what, remedy)]
}
