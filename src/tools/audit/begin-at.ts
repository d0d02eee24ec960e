import type { Job, Ledger } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'
import type { AuditedLines } from './lines.ts'
import type { AuditState } from './state.ts'

/**
 * Begins in the middle of a log whose first events are gone. What the snapshot at the cut says is taken as true; what comes after
 * it is judged as usual.
 */
export function beginAt(state: AuditState, ledger: Ledger): void {
  const { lines } = state
  state.beginAt(ledger)
  lines.policy = ledger.policy
  state.parents.beginAt(ledger)
  for (const { model } of ledger.pauses) lines.pause(model)
  for (const { worker, places } of ledger.servers) lines.serve(worker, places)
  for (const { worker } of ledger.keepers) lines.passes.note(worker, 1)
  for (const { model, starts } of ledger.models) if (starts !== null) lines.rates.recall(model, [...starts])
  recallUses(lines, ledger)
  for (const { key, jobId, until } of ledger.keys) if (until !== null) state.noteKeyUntil(key, jobId, until)
  const jobs = [...ledger.jobs].map((job) => [job, auditedAt(ledger, job)] as const)
  for (const [job, audited] of jobs.toSorted(([a], [b]) => a.queuedAt - b.queuedAt)) {
    state.jobs.set(job.jobId, audited)
    if (typeof audited.spec.dedupe?.while !== 'number') state.noteKey(audited)
    lines.shares.move(audited, job.active ? 0 : 1, job.active ? 1 : 0)
    if (job.active) lines.uses.reserve(ledger.policy, audited, null)
    if (job.active) lines.take(audited)
    else if (audited.state === 'waiting' && audited.dueAt === null) lines.enter(audited)
    if (job.offeredAt !== null) lines.offers.add(audited, job.offeredAt)
  }
  lines.turns.beginAt(ledger)
  lines.turns.resume(ledger.policy, state.jobs.values())
  lines.offers.excuseAll()
  state.schedules.beginAt(ledger)
  state.maxConcurrent = lines.slots
}

/** Of each resource what its windows know. */
function recallUses({ uses }: AuditedLines, { models, policy }: Ledger): void {
  for (const { model, meter } of models) {
    const used = [...(meter?.ended ?? [])].map((all) => {
      const sums = [...all]
      return sums.slice(1).map(({ at, sum }, i) => ({ at, amount: sum - (sums[i]?.sum ?? 0) }))
    })
    // Its name among the models stands behind a mark.
    if (meter !== null) uses.recall(policy, model.slice(1), used)
  }
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
    wholes: (job.active ? job.wholes : null) ?? {},
    held: false,
    token: job.token,
    startedAt: job.startedAt,
    expects: job.expects,
    returned: new Map((job.gaveBack ?? []).map(({ model, at }) => [model, at])),
    rides: job.batch !== null && job.batch !== job.token,
    asked: job.asker !== null,
    workerId: job.workerId,
    batch: job.batch,
    gaveBack: (job.gaveBack ?? []).map(({ model }) => model),
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
