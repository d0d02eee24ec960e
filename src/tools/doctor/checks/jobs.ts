import {
  diagnosisOf,
  explainLive,
  forShell,
  hasDecider,
  type Ledger,
  type LiveExplanation,
  MICROS_PER_MS,
  type Micros,
  operand,
  type QueueFacts,
  serversOf,
} from '../../../engine/core/index.ts'
import { agree, duration, plural } from '../../format/index.ts'
import { faultIn } from '../../history/documents.ts'
import { BEHIND_MS, UNDECIDED_MS, UNTAKEN_MS } from '../../insight/queue-health.ts'
import type { Facts } from '../facts.ts'
import { type Finding, finding, note, problem, those } from '../finding.ts'
import { count, type LiveRows, type Startable } from '../live-rows.ts'

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
        `correct the row, then: interlock adopt --job ${jobId === null ? '<job>' : forShell(jobId)} --yes; you may delete settled rows from the whole list: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC`,
      ),
    )
  return found
}

/** The first thing that is missing. It may be there under another name. */
function remedyFor(table: string, missing: readonly string[]): string {
  const named = (column: string) =>
    `name yours: interlock migrate --column ${table}.${column}=<yours> (docs/guides/migration-guide.md)`
  if (missing.some((what) => what.startsWith('a table')))
    return 'rename it, or leave it: Interlock ignores its rows'
  if (missing.some((what) => what.startsWith('a key')))
    return named(table === 'jobs' ? 'job_id' : 'execution_id')
  const right = missing.find((what) => what.startsWith('the right'))
  if (right !== undefined) return `give ${right} on ${table}`
  const yours = ['status', 'model'].find((column) => missing.includes(`the column ${column}`))
  return yours === undefined ? 'interlock migrate --again, which creates them' : named(yours)
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
    return `allow these words in ${target}.status, or name your own: interlock migrate --status running=<your word>`
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
    return problem(
      'ending',
      `${who} has kept the end of job ${jobId} at its commit for ${duration(ageMs)}`,
      remedy,
    )
  })
}

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
        `rows of jobs that are not in the log, and that no process takes in: ${counts}`,
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

/** Jobs of which each has a finding of its own. */
const NAMED = 20

/** Jobs that do not move on, and why: what `explain` says of each. */
export function checkStuck(facts: Facts): Finding[] {
  const { state, rows, checkup, workers, drift, ending } = facts
  if (state === null) return []
  const { now } = checkup
  const { stuck, startable } =
    drift.ledger === null
      ? stuckByRows(rows, { now, workers, ending })
      : stuckIn({ ledger: drift.ledger, now, workers, ending })
  const standing = checkStanding(stuck)
  if (state.status === 'draining' && rows.waiting > 0) return [...standing, drains(rows.waiting)]
  return [
    ...standing,
    ...checkStartable(startable, facts, since(now, state.updated_at)),
    ...checkLong(rows, now, facts.waitingMs),
  ]
}

const since = (now: Micros, at: Micros): number => (now - at) / MICROS_PER_MS

const drains = (jobs: number): Finding =>
  note(
    'draining',
    `the queue drains: ${plural(jobs, 'job')} ${agree(jobs, 'waits', 'wait')}, and none starts`,
    'interlock resume',
  )

function checkStanding(stuck: readonly StuckJob[]): Finding[] {
  const named = stuck
    .slice(0, NAMED)
    .map(({ jobId, code, reason, whatHasToHappen }) =>
      problem(code ?? 'lost', `job ${jobId}: ${reason}`, whatHasToHappen),
    )
  if (stuck.length <= NAMED) return named
  const rest = `${stuck.length - NAMED} more jobs do not go on by themselves`
  return [...named, problem('lost', rest, 'interlock queue --limit 1000')]
}

/** Jobs that could start, by kind: no live worker can run them, or one could and does not. */
function checkStartable(
  startable: ReadonlyMap<string, Startable>,
  { workers }: Pick<Facts, 'workers'>,
  quietMs: number,
): Finding[] {
  return [...startable].flatMap(([kind, { jobs, example }]): Finding[] => {
    const live = serversOf(workers, kind)
    // One that is alive may be about to take them, or to have a slot.
    if (live.length > 0 && quietMs < UNTAKEN_MS) return []
    const names = `${plural(jobs, 'job')} of kind ${kind} may start, such as ${example}`
    return [
      live.some(({ freeSlots }) => freeSlots > 0)
        ? problem(
            'offered',
            `${names}, and no worker takes them, although ${live.length} could`,
            `interlock explain ${operand(example)}; then look at the log of the workers`,
          )
        : problem(
            'no_worker',
            `${names}, and ${whyNot(workers, live.length)}; jobs of other kinds pass it meanwhile`,
            `start a worker with a handler for ${kind}, or with more slots (concurrency)`,
          ),
    ]
  })
}

function whyNot(workers: Facts['workers'], servers: number): string {
  if (servers > 0) return 'no worker for it has a free slot'
  const isAlive = hasDecider({ workers }) || workers.some(({ state }) => state === 'live')
  return isAlive
    ? 'no live worker has a handler for it'
    : 'no process is alive: no live worker has a handler for it'
}

function checkLong({ long, oldest }: LiveRows, now: Micros, waitingMs: number): Finding[] {
  if (oldest === null) return []
  const why = oldest.conflict_reason ?? 'it may start'
  return [
    note(
      'waiting',
      `${plural(long, 'job')} ${agree(long, 'waits', 'wait')} for more than ${duration(waitingMs)}, the longest is ${oldest.job_id} with ${duration(since(now, oldest.queued_at))}: ${why}`,
      `interlock explain ${operand(oldest.job_id)}`,
    ),
  ]
}

/** A job that does not go on by itself, in the words of `explain`. */
type StuckJob = Pick<LiveExplanation, 'jobId' | 'code' | 'reason' | 'whatHasToHappen'>

/** Jobs that do not move on. */
interface StuckJobs {
  /** Their worker is gone, a time has passed that nobody has recorded, or no process serves places for them. */
  readonly stuck: readonly StuckJob[]
  /** Jobs that may start, by kind. */
  readonly startable: ReadonlyMap<string, Startable>
}

/** As `explain` says it of each live job. */
function stuckIn(facts: QueueFacts & { readonly ledger: Ledger }): StuckJobs {
  const stuck: StuckJob[] = []
  const startable = new Map<string, Startable>()
  for (const job of facts.ledger.jobs) {
    const { code } = diagnosisOf(facts, job)
    // No process serves places for it: it may not start.
    const isUnserved = code === 'no_worker' && job.heldOn !== null
    if (code === 'offered' || (code === 'no_worker' && !isUnserved))
      count(startable, job.spec.kind, job.jobId)
    const found =
      code === 'lost' || code === 'overdue' || isUnserved ? explainLive(facts, job.jobId) : undefined
    if (found !== undefined) stuck.push(found)
  }
  return { stuck, startable }
}

/** As far as the rows say it: of those that wait, only which may start. */
function stuckByRows(rows: LiveRows, around: Omit<QueueFacts, 'ledger'>): StuckJobs {
  const fault = faultIn(around)
  const stuck = rows.active.flatMap((row): StuckJob[] => {
    const code = fault(row)
    if (code !== 'lost' && code !== 'overdue') return []
    const reason =
      code === 'lost' ? `it runs in worker ${row.worker_id}, which is gone` : 'it runs past its time'
    const ends = `start a process of Interlock, which ends it; or: interlock cancel --force ${operand(row.job_id)}`
    const frees = 'start a process of Interlock: any process frees its models within 5 s'
    return [{ jobId: row.job_id, code, reason, whatHasToHappen: code === 'lost' ? frees : ends }]
  })
  return { stuck, startable: rows.startable }
}
