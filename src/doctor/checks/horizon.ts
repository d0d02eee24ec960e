import type { Facts } from '../facts.ts'
import { type Finding, note } from '../finding.ts'

/** Vacuum runs once a minute; what is older than this keeps a busy queue's tables growing. */
const LONG_MS = 10 * 60_000
const MINUTE_MS = 60_000

/** A transaction elsewhere that may still look back: no old version of any row goes away before it ends. */
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
