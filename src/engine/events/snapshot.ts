import * as z from 'zod'
import { type Ledger, ledgerFrom, ONE_PIECE_SHAPE, type OnePiece, snapshotKeys } from '../core/index.ts'
import { policySchema } from './policy.ts'
import { damagedSnapshot, orDamaged } from './snapshot-lines.ts'
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
  shape: z.literal(ONE_PIECE_SHAPE),
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
 * The ledger of a snapshot in one piece, as releases before shape 3 made them.
 * @throws InterlockError `database_newer` for a newer release's; `corrupt_log` for a damaged one
 */
export function decodeSnapshot(seq: number, state: unknown): Ledger {
  const whole = orDamaged(seq, 'state', () => snapshotSchema.parse(upcastSnapshot(seq, state)))
  const ledger = ledgerFrom(whole as unknown as OnePiece)
  if (ledger.version !== seq) throw damagedSnapshot(seq, 'state.plain.version')
  return ledger
}
