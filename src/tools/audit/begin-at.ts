import type { Job, Ledger } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'
import { type AuditedLimit, type AuditedNeed, limitsOf } from './limits.ts'
import { needsOf } from './needs.ts'
import type { AuditState } from './state.ts'
import type { Stock } from './stock.ts'
import type { Used } from './thing.ts'

/**
 * Begins in the middle of a log whose first events are gone. What the snapshot at the cut says is taken as true; what comes after
 * it is judged as usual.
 */
export function beginAt(state: AuditState, ledger: Ledger): void {
  const { lines } = state
  state.beginAt(ledger)
  lines.stock.govern(ledger.policy)
  state.parents.beginAt(ledger)
  for (const { model } of ledger.pauses) lines.pause(model)
  for (const { worker, places } of ledger.servers) lines.serve(worker, places)
  for (const { worker } of ledger.keepers) lines.passes.note(worker, 1)
  recallUsed(lines.stock, ledger)
  for (const { key, jobId, until } of ledger.keys) if (until !== null) state.noteKeyUntil(key, jobId, until)
  const jobs = [...ledger.jobs].map((job) => [job, auditedAt(ledger, job)] as const)
  for (const [job, audited] of jobs.toSorted(([a], [b]) => a.queuedAt - b.queuedAt)) {
    state.jobs.set(job.jobId, audited)
    if (typeof audited.spec.dedupe?.while !== 'number') state.noteKey(audited)
    if (job.active) lines.take(audited, heldAt(job, audited))
    else lines.countWaiting(audited, 1)
    if (audited.state === 'waiting' && audited.dueAt === null) lines.enter(audited)
    if (job.offeredAt !== null) lines.offers.add(audited, job.offeredAt)
  }
  lines.turns.beginAt(ledger)
  lines.turns.resume(ledger.policy, state.jobs.values())
  lines.offers.excuseAll()
  state.schedules.beginAt(ledger)
  state.maxConcurrent = lines.slots
}

/** What the windows of rates and resources know. */
function recallUsed(stock: Stock, { models, policy }: Ledger): void {
  for (const { model, starts, meter } of models) {
    const rate = stock.of('rate', model)
    if (starts !== null) rate.recall([...starts].map((at) => ({ at, amount: 1, atStart: true })))
    if (meter === null) continue
    // Its name among the models stands behind a mark.
    const name = model.slice(1)
    const windows = [...meter.ended].map((all) => [...all])
    stock.of('use', name).recall(usedIn(windows, limitsOf.use(policy, name)))
  }
}

type Windows = readonly (readonly { readonly at: number; readonly sum: number }[])[]

/** Of those that count at the start, and of the others, the longest knows most. @param windows in the order of the limits */
const usedIn = (windows: Windows, limits: readonly AuditedLimit[]): readonly Used[] =>
  [true, false].flatMap((atStart) => {
    const own = windows.filter((_, nth) => (limits[nth]?.counted === 'atStart') === atStart)
    const [sums = []] = own.toSorted((a, b) => b.length - a.length)
    return sums.slice(1).map(({ at, sum }, i) => ({ at, amount: sum - (sums[i]?.sum ?? 0), atStart }))
  })

/** What an attempt that runs has. */
function heldAt({ places, wholes }: Job, audited: AuditedJob): readonly AuditedNeed[] {
  const all = Object.entries(wholes ?? {}).flatMap(([model, own]) =>
    own.map((place) => [model, place] as const),
  )
  const isBack = ({ sort, name, model }: AuditedNeed) =>
    audited.returned.has((sort === 'model' ? name : model) ?? '')
  return needsOf(audited, [...all, ...Object.entries(places ?? {})]).filter((need) => !isBack(need))
}

function auditedAt({ flows }: Ledger, job: Job): AuditedJob {
  const { level, order, tie } = job.position
  // The cut may lie between the end of an attempt and the `requeued` that follows it in the same append.
  const isBetween = job.dueAt === Number.POSITIVE_INFINITY
  const waitsForOthers = job.spec.after !== undefined && (flows.get(job)?.releasedAt ?? 0) === 0
  const dueAt = waitsForOthers ? Number.POSITIVE_INFINITY : job.dueAt
  return {
    jobId: job.jobId,
    spec: job.spec,
    queuedAt: job.queuedAt,
    alone: job.exclusive,
    place: { level, order, tie },
    state: job.active ? 'active' : isBetween ? 'between' : 'waiting',
    dueAt: isBetween ? null : dueAt,
    priority: job.priority,
    waitedBefore: job.fairRank,
    places: job.active ? job.places : null,
    has: [],
    held: false,
    token: job.token,
    startedAt: job.startedAt,
    expects: job.expects,
    returned: new Map((job.gaveBack ?? []).map(({ model, at }) => [model, at])),
    rides: job.batch !== null && job.batch !== job.token,
    asker: job.asker,
    workerId: job.workerId,
    batch: job.batch,
    detached: job.detachedUntil !== null,
    attempt: job.attempt,
    free: job.free,
    overtaken: job.overtaken,
    offered: false,
    offeredAt: 0,
    entered: 0,
    parkedOn: null,
  }
}
