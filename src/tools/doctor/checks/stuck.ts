import { hasDecider, MICROS_PER_MS, type Micros, operand, serversOf } from '../../../engine/core/index.ts'
import { agree, duration, plural } from '../../format/index.ts'
import { UNTAKEN_MS } from '../../insight/parts.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'
import type { LiveRows, Startable } from '../live-rows.ts'
import { type StuckJob, stuckByRows, stuckIn } from '../stuck-jobs.ts'

/** Jobs of which each has a finding of its own. */
const NAMED = 20

/** Jobs that do not move on, and why: what `explain` says of each. */
export function checkStuck(facts: Facts): Finding[] {
  const { state, rows, checkup, workers, drift } = facts
  if (state === null) return []
  const { now } = checkup
  const { stuck, startable } =
    drift.ledger === null
      ? stuckByRows(rows, { now, workers })
      : stuckIn({ ledger: drift.ledger, now, workers })
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
