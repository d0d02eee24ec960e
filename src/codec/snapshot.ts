import { z } from 'zod'
import {
  InterlockError,
  type Ledger,
  type LedgerSnapshot,
  ledgerFrom,
  SNAPSHOT_SHAPE,
} from '../core/index.ts'
import { pathText } from './invalid.ts'
import { policySchema } from './policy.ts'

const integer = z.int()
const indexes = z.array(integer)
const time = integer.nullable()

const jobSchema = z.looseObject({
  jobId: z.string(),
  spec: z.looseObject({ jobId: z.string(), models: z.array(z.string()), timeoutMs: integer }),
  place: z.tuple([z.number(), integer, z.number()]),
  active: z.boolean(),
  queuedAt: integer,
  dueAt: time,
  token: integer,
  attempt: integer,
})

const snapshotSchema = z.looseObject({
  shape: z.literal(SNAPSHOT_SHAPE),
  plain: z.looseObject({ version: integer, epoch: integer, lastAt: integer, policy: policySchema }),
  jobs: z.array(jobSchema),
  places: z.record(z.string(), indexes),
  timers: z.record(z.string(), z.array(z.tuple([integer, integer]))),
  models: z.array(z.looseObject({ model: z.string(), holders: indexes, line: indexes })),
  pauses: z.array(z.looseObject({ model: z.string(), jobs: indexes })),
  shares: z.array(z.tuple([z.string(), integer, integer, indexes])),
  modelTimers: z.record(z.string(), z.array(z.tuple([integer, z.string()]))),
})

/**
 * The ledger of a snapshot as a store keeps it. Null for one of another shape, made by another release: the log is folded
 * instead.
 * @throws InterlockError `corrupt_log` for one that is damaged
 */
export function decodeSnapshot(seq: number, state: unknown): Ledger | null {
  if (shapeOf(state) !== SNAPSHOT_SHAPE) return null
  const result = snapshotSchema.safeParse(state)
  if (!result.success) throw damaged(seq, pathText('state', result.error.issues[0]?.path ?? []))
  const ledger = ledgerFrom(result.data as unknown as LedgerSnapshot)
  if (ledger.version !== seq) throw damaged(seq, 'state.plain.version')
  return ledger
}

const shapeOf = (state: unknown): unknown =>
  typeof state === 'object' && state !== null && 'shape' in state ? state.shape : undefined

const damaged = (seq: number, path: string): InterlockError =>
  new InterlockError(
    'corrupt_log',
    `the snapshot at event ${seq} is damaged at ${path}; delete its row in job_queue_snapshots, and the log is folded instead`,
    { seq, path },
  )
