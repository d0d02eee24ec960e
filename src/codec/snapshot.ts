import { z } from 'zod'
import {
  InterlockError,
  type Ledger,
  type LedgerSnapshot,
  ledgerFrom,
  SNAPSHOT_SHAPE,
  snapshotKeys,
  snapshotRemedy,
} from '../core/index.ts'
import { pathText } from './invalid.ts'
import { policySchema } from './policy.ts'
import { upcastSnapshot } from './snapshot-upcast.ts'

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

const modelSchema = z.looseObject({
  model: z.string(),
  holders: indexes,
  line: indexes,
  reserved: indexes,
  offers: indexes,
  starts: indexes.nullable(),
})

const snapshotSchema = z.looseObject({
  shape: z.literal(SNAPSHOT_SHAPE),
  plain: z.looseObject({ version: integer, epoch: integer, lastAt: integer, policy: policySchema }),
  jobs: z.array(jobSchema),
  places: z.record(z.enum(snapshotKeys.places), indexes),
  timers: z.record(z.enum(snapshotKeys.timers), z.array(z.tuple([integer, integer]))),
  models: z.array(modelSchema),
  pauses: z.array(z.looseObject({ model: z.string(), jobs: indexes })),
  shares: z.array(z.tuple([z.string(), integer, integer, indexes])),
  modelTimers: z.record(z.enum(snapshotKeys.modelTimers), z.array(z.tuple([integer, z.string()]))),
})

/**
 * The ledger of a snapshot as a store keeps it, whichever release made it.
 * @throws InterlockError `database_newer` for one of a newer release; `corrupt_log` for one that is damaged
 */
export function decodeSnapshot(seq: number, state: unknown): Ledger {
  const ledger = ledgerFrom(checked(seq, state))
  if (ledger.version !== seq) throw damaged(seq, 'state.plain.version')
  return ledger
}

function checked(seq: number, state: unknown): LedgerSnapshot {
  try {
    return snapshotSchema.parse(upcastSnapshot(seq, state)) as unknown as LedgerSnapshot
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw damaged(seq, pathText('state', error.issues[0]?.path ?? []))
  }
}

const damaged = (seq: number, path: string): InterlockError =>
  new InterlockError('corrupt_log', `the snapshot at event ${seq} is damaged at ${path}; ${snapshotRemedy}`, {
    seq,
    path,
  })
