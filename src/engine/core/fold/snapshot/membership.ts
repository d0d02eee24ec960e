import { dueTime, type HeldBack, isInLine, type Job, usesSlot } from '../../state/job.ts'
import { type Ledger, modelOf } from '../../state/ledger.ts'
import { hash } from '../../values/hash.ts'
import type { Policy } from '../../values/policy.ts'
import { expiresAt, timesOutAt } from '../timing.ts'
import { modelKeys, type Part, snapshotKeys } from './parts.ts'

/**
 * In which parts of the ledger a job stands, as bits: the parts of the queue (positions, then timers); for each of its models the
 * parts of the model; whether its pause holds it; and whether it is ready in its share.
 */
export type Membership = readonly [queue: number, models: readonly number[], held: 0 | 1, share: 0 | 1]

const { positions, timers } = snapshotKeys

/** Bits of the parts of the queue, by name. */
export const queueBits = Object.fromEntries(
  [...positions, ...timers].map((key, index) => [key, 1 << index]),
) as Readonly<Record<Part<'positions'> | Part<'timers'>, number>>

const [HOLDERS, LINE, RESERVED, OFFERS] = [1, 2, 4, 8] as const

/** The time under which a job stands in a list of times. It must never change: the job is found by it. */
export const timerOf: Readonly<Record<Part<'timers'>, (job: Job) => number | null>> = {
  undue: (job) => job.dueAt,
  expiring: expiresAt,
  deadlines: timesOutAt,
  offerTimes: (job) => job.offeredAt,
}

/** Where the job stands, as it is. */
export function membershipOf(ledger: Ledger, job: Job): Membership {
  const { position, needs, held } = job
  let queue = 0
  for (const key of positions)
    if (ledger[key].size > 0 && ledger[key].get(position) !== undefined) queue |= queueBits[key]
  for (const key of timers) {
    const at = ledger[key].size > 0 ? timerOf[key](job) : null
    if (at !== null && ledger[key].get({ at, hash: job.hash, jobId: job.jobId }) !== undefined)
      queue |= queueBits[key]
  }
  const models = needs.map((name) => {
    const model = modelOf(ledger, name)
    return modelKeys.reduce((bits, key, index) => {
      const has = model[key].size > 0 && model[key].get(position) !== undefined
      return has ? bits | (1 << index) : bits
    }, 0)
  })
  return [
    queue,
    models,
    held !== null && isHeldAt(ledger, held, job) ? 1 : 0,
    isShareReady(ledger, job) ? 1 : 0,
  ]
}

/**
 * Where a job like this usually stands. No rule depends on it: a snapshot records only where a job differs, so a wrong guess
 * costs some bytes. But it is part of the shape: with another guess older snapshots are read wrongly.
 */
export function usualMembership({ maxOvertakes }: Policy, job: Job): Membership {
  const { spec, active, offeredAt } = job
  const uses = usesSlot(job)
  const line = isInLine(job) && uses
  const offered = offeredAt !== null
  const ready = line && job.ready && !offered
  const reserves = maxOvertakes !== null && maxOvertakes > 0 && job.overtaken >= maxOvertakes
  const expires = !active && expiresAt(job) !== null
  let queue = 0
  // Part by part: with an object of them, and a loop, a snapshot took a tenth more.
  if (active) queue |= queueBits.active | queueBits.deadlines
  if (active && uses) queue |= queueBits.slots
  if (line) queue |= queueBits.line
  if (ready && spec.fairKey === null) queue |= queueBits.ready
  if (offered) queue |= queueBits.offered | queueBits.offerTimes
  if (isInLine(job) && !uses && !offered) queue |= queueBits.unbound
  if (line && job.exclusive) queue |= queueBits.exclusives
  if (dueTime(job) !== null) queue |= queueBits.undue
  if (expires) queue |= queueBits.expiring
  const bits = active ? HOLDERS : line ? LINE | (reserves ? RESERVED : 0) | (offered ? OFFERS : 0) : 0
  return [queue, job.needs.map(() => bits), job.held === null ? 0 : 1, ready && spec.fairKey !== null ? 1 : 0]
}

export const isSame = (a: Membership, b: Membership): boolean =>
  a[0] === b[0] &&
  a[2] === b[2] &&
  a[3] === b[3] &&
  a[1].length === b[1].length &&
  a[1].every((bits, index) => bits === b[1][index])

/** Such a job stands beside the line whatever a snapshot says: releases of before have not noted it. */
export const isBeside = ({ as }: HeldBack): boolean => as === 'fits_no_place' || as === 'use_over_limit'

function isHeldAt({ pauses, beside }: Ledger, held: HeldBack, { position }: Job): boolean {
  if (isBeside(held)) return false
  if (held.as === 'no_worker') return beside.get(position) !== undefined
  return pauses.get({ hash: hash(held.on), model: held.on })?.jobs.get(position) !== undefined
}

function isShareReady({ shares }: Ledger, { position, spec: { fairKey } }: Job): boolean {
  if (fairKey === null) return false
  const ready = shares.get({ hash: hash(fairKey), key: fairKey })?.ready
  return ready !== undefined && ready.size > 0 && ready.get(position) !== undefined
}
