import { forShell } from '../../../engine/core/index.ts'
import { duration, plural } from '../../format/index.ts'
import { BEHIND_MS } from '../../insight/parts.ts'
import type { Facts } from '../facts.ts'
import { type Finding, finding, note, problem } from '../finding.ts'

/** A row that is locked for a moment is written by the next tries. */
const HELD_MS = 5_000

/** The user's tables: not followed, not writable, or behind. */
export function checkRows({ checkup }: Facts): Finding[] {
  const { jobs, workflowExecutions } = checkup.tables
  const found: Finding[] = []
  for (const [name, { exists, followed, missing }] of Object.entries({
    jobs,
    workflow_executions: workflowExecutions,
  })) {
    if (!exists || (followed && missing.length === 0)) continue
    const what = `${name} ${followed ? 'lacks' : 'is not followed: Interlock lacks'} ${missing.join(', ')}`
    const remedy = remedyFor(name, missing)
    found.push(followed ? note('rows', what, remedy) : problem('rows', what, remedy))
  }
  found.push(...checkup.account.map(({ check, level, what, remedy }) => finding(level)(check, what, remedy)))
  for (const { target, sqlstate, rows, tries, ageMs, example } of checkup.setAside) {
    if (ageMs < HELD_MS) continue
    found.push(
      problem(
        'set_aside',
        `${plural(rows, 'row')} of ${target} cannot be written for ${duration(ageMs)}, ${plural(tries, 'try').replace('trys', 'tries')}, such as ${example}: ${meaningOf(sqlstate)}`,
        remedyOf(sqlstate, target),
      ),
    )
  }
  const { events, ageMs } = checkup.behind
  if (ageMs !== null && ageMs > BEHIND_MS && (jobs.followed || workflowExecutions.followed)) {
    const what = `your tables are ${plural(events, 'event')} behind the log, for ${duration(ageMs)}`
    found.push(problem('behind', what, 'start a process of Interlock: any process brings them up to date'))
  }
  const { rows, jobId, reason } = checkup.notTakenIn
  if (rows > 0)
    found.push(
      problem(
        'not_taken_in',
        `${plural(rows, 'row')} of jobs could not be taken in, the newest ${jobId ?? '(without an id)'}: ${reason}`,
        `correct the row, then: interlock adopt --job ${jobId === null ? '<job>' : forShell(jobId)} --yes; the whole list, from which you may delete settled rows: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC`,
      ),
    )
  return found
}

/** The first thing that is missing. It may be there under another name. */
function remedyFor(table: string, missing: readonly string[]): string {
  const named = (column: string) =>
    `name yours: interlock migrate --column ${table}.${column}=<yours> (docs/migration-guide.md)`
  if (missing.some((what) => what.startsWith('a table')))
    return 'rename it, or leave it: its rows are no jobs'
  if (missing.some((what) => what.startsWith('a key')))
    return named(table === 'jobs' ? 'job_id' : 'execution_id')
  const right = missing.find((what) => what.startsWith('the right'))
  if (right !== undefined) return `give ${right} on ${table}`
  const yours = ['status', 'model'].find((column) => missing.includes(`the column ${column}`))
  return yours === undefined ? 'interlock migrate --again, which makes them' : named(yours)
}

function meaningOf(sqlstate: string): string {
  if (sqlstate === '55P03') return 'a session has locked it, or a trigger of yours keeps it as it is (55P03)'
  if (sqlstate.startsWith('23')) return `a constraint of yours refuses it (${sqlstate})`
  if (sqlstate.startsWith('22')) return `a status word does not fit the type of its column (${sqlstate})`
  return `it raises ${sqlstate}`
}

function remedyOf(sqlstate: string, target: string): string {
  if (sqlstate === '55P03')
    return "end the transaction that holds it: SELECT pid, state, query FROM pg_stat_activity WHERE state = 'idle in transaction'"
  if (/^2[23]/.test(sqlstate))
    return `allow these words in ${target}.status, or name your own: interlock migrate --status running=<your word>`
  return `look at the triggers of ${target}; the row is tried again by itself`
}
