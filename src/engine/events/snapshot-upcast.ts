import * as z from 'zod'
import { ONE_PIECE_SHAPE } from '../core/index.ts'
import { policySchema } from './policy.ts'
import { tooNew } from './snapshot-lines.ts'

type State = Readonly<Record<string, unknown>>

/** How a snapshot of shape n becomes one of shape n + 1. Each may throw a `ZodError` if it is damaged. */
export type SnapshotUpcasters = Readonly<Record<number, (state: State) => State>>

/**
 * From shape to shape, up to the last shape in one piece. If the log was cut for good, the snapshot is all that is left of what
 * came before. So test/events/samples has one of every shape, and tests decode it and go on from it. When a ledger gets another
 * part, `SNAPSHOT_SHAPE` rises, and lines of the previous shape are upcast where they are decoded (snapshot-lines.ts).
 */
const upcasters: SnapshotUpcasters = { 1: shareReady }

/**
 * A snapshot in the last shape that is one piece, made by any release.
 * @throws InterlockError `database_newer` for a newer release's; ZodError for a damaged one
 */
export const upcastSnapshot = upcastingSnapshots(upcasters, ONE_PIECE_SHAPE)

/** Takes snapshots of any shape up to `current`, step by step. */
export function upcastingSnapshots(steps: SnapshotUpcasters, current: number) {
  return (seq: number, state: unknown): State => {
    let lifted: State = z.looseObject({ shape: z.int().min(1) }).parse(state)
    const shape = Number(lifted['shape'])
    if (shape > current) throw tooNew(seq, shape, current)
    for (let from = shape; from < current; from++)
      lifted = { ...(steps[from]?.(lifted) ?? lifted), shape: from + 1 }
    return lifted
  }
}

const indexes = z.array(z.int())
const shapeOne = z.looseObject({
  plain: z.looseObject({ policy: policySchema }),
  jobs: z.array(z.looseObject({ spec: z.looseObject({ fairKey: z.string().nullable() }) })),
  places: z.looseObject({ ready: indexes }),
  shares: z.array(z.tuple([z.string(), z.int(), z.int()])),
})

/** Shape 2: each fair key has its ready jobs, and `ready` only the first of them, as long as the share is not full. */
function shareReady(state: State): State {
  const { plain, jobs, places, shares } = shapeOne.parse(state)
  const most = plain.policy.fairShare?.maxActive ?? null
  const keyOf = (index: number) => jobs[index]?.spec.fairKey ?? null
  const heads = new Set<number>()
  const shared = shares.map(([key, waiting, active]) => {
    const ready = places.ready.filter((index) => keyOf(index) === key)
    const [head] = ready
    if (head !== undefined && (most === null || active < most)) heads.add(head)
    return [key, waiting, active, ready]
  })
  const ready = places.ready.filter((index) => keyOf(index) === null || heads.has(index))
  return { ...state, places: { ...places, ready }, shares: shared }
}
