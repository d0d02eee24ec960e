import type { Ledger } from '../../state/ledger.ts'
import { saidBy } from '../../state/serving.ts'
import type { WorkerFact } from '../facts.ts'
import type { Crews } from './crews.ts'

/** A process that is alive and runs jobs. */
export interface Hand {
  readonly worker: string
  /** The processes that it stands for. */
  readonly of: readonly string[]
  /** How many jobs it runs at once. */
  readonly slots: number
  /** Of which kinds; null: of any. */
  readonly kinds: readonly string[] | null
}

/**
 * The processes that are alive and run jobs. How many slots each has nobody says: as many at least as it has run at once, as are taken now, and
 * as were free when it last said so. Processes of the same kinds that have said nothing of themselves are one: it does not matter which runs a job.
 */
export function handsOf(workers: readonly WorkerFact[], ledger: Ledger, crews: Crews): readonly Hand[] {
  const able = workers.filter(({ state, kinds }) => state === 'live' && kinds?.length !== 0)
  const taken = takenIn(ledger)
  const hands = able.map(({ workerId: worker, kinds, freeSlots }) => ({
    worker,
    of: [worker],
    slots: Math.max(crews.slotsOf(worker), taken.get(worker) ?? 0, freeSlots),
    kinds,
  }))
  return isAllTheSame(ledger, hands) ? pooled(hands) : hands
}

export const isAlive = (workers: readonly WorkerFact[] | null, worker: string): boolean =>
  workers?.some(({ workerId, state }) => workerId === worker && state === 'live') === true

export const runsKindAmong = (hands: readonly Hand[], kind: string): boolean =>
  hands.some(({ kinds }) => kinds === null || kinds.includes(kind))

/** How many slots of each process are taken. A batch takes one. */
export function takenIn(ledger: Ledger): ReadonlyMap<string, number> {
  const batches = new Map<string, Set<number>>()
  for (const position of ledger.active) {
    const job = ledger.jobs.get(position)
    if (job === undefined || job.workerId === null) continue
    const own = batches.get(job.workerId) ?? new Set()
    batches.set(job.workerId, own.add(job.batch ?? job.token))
  }
  return new Map([...batches].map(([worker, own]) => [worker, own.size]))
}

const isAllTheSame = (ledger: Ledger, hands: readonly Hand[]): boolean =>
  hands.every(({ worker, kinds }) => {
    const { serves, keeps } = saidBy(ledger, worker)
    return serves === null && keeps === null && `${kinds}` === `${hands[0]?.kinds}`
  })

function pooled(hands: readonly Hand[]): readonly Hand[] {
  const [first] = hands
  if (first === undefined) return []
  const slots = hands.reduce((sum, hand) => sum + hand.slots, 0)
  return [{ ...first, of: hands.map(({ worker }) => worker), slots }]
}
