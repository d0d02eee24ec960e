import {
  checkMs,
  checks,
  emptyLedger,
  hasDecider,
  MICROS_PER_MS,
  type Micros,
  manual,
  operand,
  serversOf,
} from '../../../engine/core/index.ts'
import { agree, duration, plural } from '../../format/index.ts'
import { faultIn } from '../../history/documents.ts'
import { censusOf } from '../../insight/census.ts'
import { type Wrong, wrongIn } from '../../insight/wrong.ts'
import type { Facts } from '../facts.ts'
import { type Finding, found, note, plain, problem, those } from '../finding.ts'
import type { LiveRows, Startable } from '../live-rows.ts'
import { ownChecks } from '../own-checks.ts'

/** The user's tables: not followed, or not writable. */
export function checkRows({ checkup }: Facts): Finding[] {
  const { jobs, workflowExecutions } = checkup.tables
  const all: Finding[] = []
  for (const [name, { exists, followed, missing }] of Object.entries({
    jobs,
    workflow_executions: workflowExecutions,
  })) {
    if (!exists || (followed && missing.length === 0)) continue
    const isUsed = checkup.triggers.some(({ table }) => table.replace(/^public\./, '') === name)
    const lacks = missing.join(', ')
    if (followed) all.push(note('rows', `${name} lacks ${lacks}`, remedyFor(name, missing)))
    else if (isUsed)
      all.push(problem('rows', `${name} is no longer followed: it lacks ${lacks}`, remedyFor(name, missing)))
    else all.push(unfollowed(name, missing))
  }
  all.push(...checkup.account.map(plain))
  for (const { target, sqlstate, rows, tries, ageMs, example } of checkup.setAside) {
    // A row that is locked for a moment is written by the next tries.
    if (ageMs < ownChecks.set_aside.ms) continue
    all.push(
      found(
        'set_aside',
        `${plural(rows, 'row')} of ${target} cannot be written for ${duration(ageMs)}, ${plural(tries, 'try', 'tries')}, such as ${example}: ${meaningOf(sqlstate)}`,
        remedyOf(sqlstate, target),
      ),
    )
  }
  return all
}

/** The first thing that is missing. It may be there under another name. */
function remedyFor(table: string, missing: readonly string[]): string {
  const named = (column: string) =>
    `name yours: npx interlock-queue migrate --column ${table}.${column}=<yours> (${manual.yourTables})`
  if (missing.some((what) => what.startsWith('a table')))
    return 'rename it, or leave it: Interlock ignores its rows'
  if (missing.some((what) => what.startsWith('a key')))
    return named(table === 'jobs' ? 'job_id' : 'execution_id')
  const right = missing.find((what) => what.startsWith('the right'))
  if (right !== undefined) return `give ${right} on ${table}`
  const yours = ['status', 'model'].find((column) => missing.includes(`the column ${column}`))
  return yours === undefined ? 'npx interlock-queue migrate --again, which creates them' : named(yours)
}

/** It is the user's, for something else; or nobody has said yet that it is meant. */
function unfollowed(table: string, missing: readonly string[]): Finding {
  const what = `${table} is not followed`
  const lack = missing.find((each) => each.startsWith('a table') || each.startsWith('a key'))
  return lack === undefined
    ? note('rows', what, `if its rows should be jobs: npx interlock-queue migrate --follow ${table}`)
    : note('rows', `${what}: Interlock lacks ${lack}`, remedyFor(table, missing))
}

function meaningOf(sqlstate: string): string {
  if (sqlstate === '55P03') return 'a session has locked it, or a trigger of yours undoes the change (55P03)'
  if (sqlstate.startsWith('23')) return `a constraint of yours refuses it (${sqlstate})`
  if (sqlstate.startsWith('22')) return `a status word does not fit the type of its column (${sqlstate})`
  return `it raises ${sqlstate}`
}

function remedyOf(sqlstate: string, target: string): string {
  if (sqlstate === '55P03')
    return "end the transaction that holds it: SELECT pid, state, query FROM pg_stat_activity WHERE state = 'idle in transaction'"
  if (/^2[23]/.test(sqlstate))
    return `allow these words in ${target}.status, or name your own: npx interlock-queue migrate --status running=<your word>`
  return `look at the triggers of ${target}; the row is tried again by itself`
}

/** Transactions in which handlers end their jobs, and that stand still at their commit: nothing else can end these jobs meanwhile. */
export function checkEnds({ checkup }: Facts): Finding[] {
  return checkup.ends.map(({ jobId, pid, name, role, ageMs }) => {
    const who =
      pid === null ? `the prepared transaction ${name}` : `session ${pid} (${name || role || 'unknown'})`
    const remedy =
      pid === null
        ? `COMMIT PREPARED or ROLLBACK PREPARED it (${name})`
        : `commit it, or end the session: SELECT pg_terminate_backend(${pid})`
    return found(
      'ending',
      `${who} has kept the end of job ${jobId} at its commit for ${duration(ageMs)}`,
      remedy,
    )
  })
}

/** Rows from before the migration, which nobody takes in by himself. */
export function checkAdoptable({ adoptable }: Facts): Finding[] {
  const old = Object.entries(adoptable.totals ?? {}).filter(([, n]) => n > 0)
  const counts = old.map(([state, n]) => `${n} ${state}`).join(', ')
  const what = `rows of jobs that are not in the log, and that no process takes in: ${counts}`
  return those(counts !== '' && found('adoptable', what))
}

/** All that is wrong with jobs and processes, as the dashboard and \`status\` say it. Each pause has a finding of its own. */
export function checkQueue(facts: Facts): Finding[] {
  return wrongAt(facts).flatMap(({ id, what, remedy, since }) => {
    if (id === 'paused' || id === 'nobody') return []
    const ms = since === null ? 0 : (facts.checkup.now - since) / MICROS_PER_MS
    return [found(id, ms < 1_000 ? what : `${what} (for ${duration(ms)})`, remedy)]
  })
}

function wrongAt(facts: Facts): readonly Wrong[] {
  const { checkup, workers, ending, outside, submitted: refused, dead, drift } = facts
  const at = { now: checkup.now, workers, ending, outside, refused, dead }
  const { ledger } = drift
  if (ledger !== null) return wrongIn({ ...at, ledger, census: censusOf({ ...at, ledger }) })
  // Without the log nobody knows whether there is something to do.
  const whole = wrongIn({ ...at, ledger: emptyLedger, census: [] })
  return whole.filter(({ about, level }) => about !== 'processes' || level === 'problem')
}

/** If the log could not be folded: as far as the rows say it. */
export function checkByRows(facts: Facts): Finding[] {
  const { state, rows, checkup, drift, workers, ending } = facts
  if (state === null || drift.ledger !== null) return []
  const { now } = checkup
  if (state.status === 'draining') return rows.waiting === 0 ? [] : [drains(rows.waiting)]
  return [
    ...standingByRows(rows, faultIn({ now, workers, ending })),
    ...checkStartable(rows.startable, facts, since(now, state.updated_at)),
  ]
}

/** What waits for longer than it should, whatever for. */
export function checkLong({ state, rows: { long, oldest }, checkup: { now }, waitingMs }: Facts): Finding[] {
  if (oldest === null || state?.status === 'draining') return []
  const why = oldest.conflict_reason ?? 'it may start'
  return [
    found(
      'waiting',
      `${plural(long, 'job')} ${agree(long, 'waits', 'wait')} for more than ${duration(waitingMs)}, the longest is ${oldest.job_id} with ${duration(since(now, oldest.queued_at))}: ${why}`,
      `npx interlock-queue explain ${operand(oldest.job_id)}`,
    ),
  ]
}

const since = (now: Micros, at: Micros): number => (now - at) / MICROS_PER_MS

const drains = (jobs: number): Finding =>
  found(
    'draining',
    `the queue drains: ${plural(jobs, 'job')} ${agree(jobs, 'waits', 'wait')}, and none starts`,
  )

/** Jobs of which each has a finding of its own. */
const NAMED = 20

function standingByRows({ active }: LiveRows, fault: ReturnType<typeof faultIn>): Finding[] {
  const stuck = active.flatMap((row) => {
    const code = fault(row)
    if (code !== 'lost' && code !== 'overdue') return []
    const reason =
      code === 'lost' ? `it runs in worker ${row.worker_id}, which is gone` : 'it runs past its time'
    const ends = `start a process of Interlock, which ends it; or: npx interlock-queue cancel --force ${operand(row.job_id)}`
    return [found(code, `job ${row.job_id}: ${reason}`, code === 'lost' ? undefined : ends)]
  })
  if (stuck.length <= NAMED) return stuck
  const rest = `${stuck.length - NAMED} more jobs do not go on by themselves`
  return [...stuck.slice(0, NAMED), found('lost', rest, 'npx interlock-queue queue --limit 1000')]
}

/** Jobs that could start, by kind: no live worker can run them, all slots are taken, or one could and does not. */
function checkStartable(
  startable: ReadonlyMap<string, Startable>,
  { workers }: Pick<Facts, 'workers'>,
  quietMs: number,
): Finding[] {
  return [...startable].flatMap(([kind, { jobs, example }]): Finding[] => {
    const live = serversOf(workers, kind)
    const id =
      live.length === 0 ? 'no_worker' : live.some(({ freeSlots }) => freeSlots > 0) ? 'offered' : 'busy'
    // One that is alive may be about to take them, or to have a slot.
    if (quietMs < checkMs(id)) return []
    const names = `${plural(jobs, 'job')} of kind ${kind} may start, such as ${example}`
    const what = {
      no_worker: `and ${nobodyFor(workers)}; jobs of other kinds pass it meanwhile`,
      offered: `and no worker takes them, although ${live.length} could`,
      busy: 'and no worker for it has a free slot; jobs of other kinds pass it meanwhile',
    }
    return [
      found(
        id,
        `${names}, ${what[id]}`,
        checks[id].remedy.replace('<job>', operand(example)).replace('that kind', kind),
      ),
    ]
  })
}

function nobodyFor(workers: Facts['workers']): string {
  const isAlive = hasDecider({ workers }) || workers.some(({ state }) => state === 'live')
  return isAlive
    ? 'no live worker has a handler for it'
    : 'no process is alive: no live worker has a handler for it'
}
