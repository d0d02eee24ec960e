import { expiresAt, timesOutAt } from '../fold/timing.ts'
import { type HasWorker, reasonCodeOf } from '../needs/waits.ts'
import { isInLine, type Job } from '../state/job.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import { faultIn, isKeptForNobody, type LiveCode } from './diagnosis.ts'
import { hasWorkerAmong, overdueIn, type QueueFacts, type WorkerFact } from './facts.ts'

/** What keeps a live job, as `explain` says it; null: nothing does, it runs. */
export type LiveCodeOf = (job: Job) => LiveCode | null

/** A stretch of one class in line order that was found to wait for one and the same. */
interface SameCode {
  readonly code: LiveCode
  from: LinePosition
  to: LinePosition
}

/**
 * What keeps each job of a queue, for many of them. Jobs in line that are alike (the same models, kind, keys and needs) differ only by where
 * they stand, and whatever keeps one keeps those behind it: each rule counts who is ahead. So the codes of a class are stretches in line
 * order, and a job between two that wait for the same waits for it too: of a hundred thousand that are alike some twenty are asked.
 */
export function codesIn(facts: QueueFacts): LiveCodeOf {
  const { ledger, now } = facts
  const isOverdue = overdueIn(facts)
  const workers = new Map(facts.workers?.map((worker) => [worker.workerId, worker]))
  const workerOf = (workerId: string | null) => (workerId === null ? undefined : workers.get(workerId))
  const hasWorker = facts.workers === null ? undefined : knownWorkers(facts.workers, facts)
  const classes = new Classes()
  const codeInLine = (job: Job): LiveCode => {
    const code = reasonCodeOf(ledger, job, now, hasWorker)
    return isKeptForNobody(ledger, job, code, hasWorker) ? 'no_worker' : code
  }
  return (job) => {
    if (job.active)
      return facts.ending?.has(job.jobId) === true
        ? null
        : faultIn(isOverdue(timesOutAt(job)), workerOf(job.workerId))
    if (isOverdue(expiresAt(job)) || (!ledger.draining && isOverdue(job.dueAt))) return 'overdue'
    if (ledger.draining) return 'draining'
    return isInLine(job) ? between(classes.of(job), job, codeInLine) : codeInLine(job)
  }
}

function between(known: SameCode[], job: Job, ask: (job: Job) => LiveCode): LiveCode {
  const { position } = job
  for (const { code, from, to } of known)
    if (byPosition(from, position) <= 0 && byPosition(position, to) <= 0) return code
  const code = ask(job)
  const own = known.find((stretch) => stretch.code === code)
  if (own === undefined) known.push({ code, from: position, to: position })
  else if (byPosition(position, own.from) < 0) own.from = position
  else own.to = position
  return code
}

/**
 * By what the rules ask of a job beside where it stands: maps in maps, since to put the names together into one takes longer. No name has a
 * control character: what is put together of several things begins with one.
 */
class Classes {
  readonly #byModels = new Map<string, Map<string, Map<string | null, SameCode[]>>>()

  of({ spec, needs, exclusive }: Job): SameCode[] {
    const { models, kind, fairKey, uses, asks, whole } = spec
    const isPlain =
      needs === models && uses === undefined && asks === undefined && whole === undefined && !exclusive
    const names = models.length === 1 ? (models[0] ?? '') : models.join('\n')
    const first = isPlain ? names : `\n${JSON.stringify([models, needs, uses, asks, whole, exclusive])}`
    const byKind = made(this.#byModels, first, () => new Map<string, Map<string | null, SameCode[]>>())
    const byKey = made(byKind, kind, () => new Map<string | null, SameCode[]>())
    return made(byKey, fairKey, () => [])
  }
}

function made<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh = make()
  map.set(key, fresh)
  return fresh
}

/** Asked once of each kind at each set of places. */
function knownWorkers(workers: readonly WorkerFact[], { ledger }: QueueFacts): HasWorker {
  const ask = hasWorkerAmong(ledger, workers)
  const known = new Map<string, boolean>()
  return (job) => {
    const { kind } = job.spec
    return made(known, job.places === null ? kind : `\n${JSON.stringify([kind, job.places])}`, () => ask(job))
  }
}
