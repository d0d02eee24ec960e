import * as z from 'zod'

const integer = z.int()
const ids = z.array(z.string())

export const beatAnswer = z
  .object({
    version: integer,
    now: integer,
    alive: z.boolean(),
    expires_at: integer,
    overdue: ids,
    arrived: z.boolean(),
    requested: z.boolean(),
    reads: integer.nullish(),
  })
  .transform(({ expires_at: expiresAt, ...answer }) => ({ ...answer, expiresAt }))

export const workersAnswer = z.array(
  z
    .object({
      worker_id: z.string(),
      kinds: ids.nullable(),
      free_slots: integer,
      release: z.string(),
      reads: integer.nullish(),
      started_at: integer,
      beat_at: integer,
      expires_at: integer,
      state: z.enum(['live', 'late', 'dead']),
    })
    .transform((row) => ({
      workerId: row.worker_id,
      kinds: row.kinds,
      freeSlots: row.free_slots,
      release: row.release,
      reads: row.reads,
      startedAt: row.started_at,
      beatAt: row.beat_at,
      expiresAt: row.expires_at,
      state: row.state,
    })),
)

export const operatorsAnswer = z.array(
  z
    .object({
      worker_id: z.string(),
      operator: z.string(),
      host: z.string().nullable(),
      command: z.string().nullable(),
      at: z.int(),
    })
    .transform(({ worker_id: workerId, ...operator }) => ({ workerId, ...operator })),
)
