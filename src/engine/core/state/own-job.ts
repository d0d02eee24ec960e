import type { JobSpec, Micros } from '../values/job.ts'
import type { LinePosition } from '../values/position.ts'
import type { Owner } from '../values/tree-node.ts'
import type { Job } from './job.ts'
import type { Model } from './model.ts'

export type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

/** A job that a draft may write to. */
export interface OwnJob extends Writable<Job> {
  readonly owner: Owner
}

/**
 * Field by field: `Object.assign` took three times as long, and every event copies a job or two. It also gives all jobs one
 * shape.
 */
export const ownJob = (owner: Owner, from: Job): OwnJob => ({
  hash: from.hash,
  jobId: from.jobId,
  spec: from.spec,
  priority: from.priority,
  queuedAt: from.queuedAt,
  position: from.position,
  places: from.places,
  wholes: from.wholes,
  needs: from.needs,
  active: from.active,
  dueAt: from.dueAt,
  held: from.held,
  waitingSince: from.waitingSince,
  attempt: from.attempt,
  free: from.free,
  token: from.token,
  workerId: from.workerId,
  startedAt: from.startedAt,
  expects: from.expects,
  batch: from.batch,
  gaveBack: from.gaveBack,
  detachedUntil: from.detachedUntil,
  cancelRequested: from.cancelRequested,
  asker: from.asker,
  offeredAt: from.offeredAt,
  overtaken: from.overtaken,
  passes: from.passes,
  fairRank: from.fairRank,
  exclusive: from.exclusive,
  ready: from.ready,
  blockedBy: from.blockedBy,
  blockedOn: from.blockedOn,
  owner,
})

/** True for a job that this owner made. */
export const isOwn = (job: Job, owner: Owner): job is OwnJob => (job as Partial<OwnJob>).owner === owner

/** A new job: waiting, due, in no line yet. Written out: with a spread, a snapshot of a million jobs took twice the time. */
export function freshJob(
  spec: JobSpec,
  position: LinePosition,
  queuedAt: Micros,
  fairRank: number,
): Writable<Job> {
  return {
    hash: position.hash,
    jobId: spec.jobId,
    spec,
    priority: spec.priority,
    queuedAt,
    position,
    places: null,
    wholes: null,
    needs: spec.models,
    active: false,
    dueAt: null,
    held: null,
    waitingSince: queuedAt,
    attempt: 0,
    free: 0,
    token: 0,
    workerId: null,
    startedAt: 0,
    expects: 0,
    batch: null,
    gaveBack: null,
    detachedUntil: null,
    cancelRequested: false,
    asker: null,
    offeredAt: null,
    overtaken: 0,
    passes: null,
    fairRank,
    exclusive: false,
    ready: false,
    blockedBy: null,
    blockedOn: null,
  }
}

/** A model that a draft may write to. */
export interface OwnModel extends Writable<Model> {
  readonly owner: Owner
}

export const ownModel = (owner: Owner, from: Model): OwnModel => ({
  hash: from.hash,
  model: from.model,
  holders: from.holders,
  line: from.line,
  reserved: from.reserved,
  offers: from.offers,
  whole: from.whole,
  starts: from.starts,
  asks: from.asks,
  meter: from.meter,
  owner,
})
