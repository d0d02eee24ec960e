import * as z from 'zod'
import {
  type EventType,
  failureCodes,
  jobTypes,
  outcomes,
  overlapRules,
  reasonCodes,
  requeueReasons,
  skipReasons,
} from '../../../src/engine/core/index.ts'
import { areAsks, arePlaces, areUses } from '../../../src/engine/events/event-guards.ts'
import {
  dataKey,
  type EventForm,
  eventForms,
  type Field,
  mayLack,
  type ValueKind,
} from '../../../src/engine/events/event-table.ts'
import { lazily } from '../../../src/engine/events/lazily.ts'
import { pauseReason } from '../../../src/engine/events/pause.ts'
import { policySchema } from '../../../src/engine/events/policy.ts'

const count = z.int().min(1)
const text = z.string().min(1)
const texts = z.array(text)

const kinds: Readonly<Record<ValueKind, z.ZodType>> = {
  text,
  texts,
  model: z.tuple([text]),
  count,
  whole: z.int().min(0),
  int: z.int(),
  real: z.number(),
  true: z.literal(true),
  boolean: z.boolean(),
  jobType: z.enum(jobTypes),
  reason: z.enum(reasonCodes),
  failure: z.enum(failureCodes),
  requeue: z.enum(requeueReasons),
  pause: pauseReason,
  dedupe: z.strictObject({
    key: text,
    while: z.union([z.enum(['waiting', 'live']), count]),
    debounce: z.strictObject({ delay: count, maxDelay: count }).optional(),
  }),
  overlap: z.enum(overlapRules),
  skip: z.enum(skipReasons),
  outcome: z.enum(outcomes),
  places: z.custom<object>(arePlaces),
  asks: z.custom<object>(areAsks),
  uses: z.custom<object>(areUses),
  policy: policySchema,
  record: z.record(z.string(), z.unknown()),
}

/** The columns of every row. Null and absent mean the same: SQL returns null, the write path leaves it out. */
const row = {
  seq: count,
  at: z.int(),
  command_id: z.string(),
  command_hash: z.int(),
  worker_id: text.nullish(),
}

/** Facts every event may carry beside its own. */
const offers = z.union([z.literal(true), texts]).optional()

function schemaOf(type: EventType, { fields }: EventForm) {
  const all: readonly Field[] = Object.values(fields)
  const inData = all.filter((field) => dataKey(field) !== null)
  const columns = all.flatMap((field) => {
    if (dataKey(field) !== null) return []
    return [[field.in, mayLack(field) ? kinds[field.is].nullish() : kinds[field.is]] as const]
  })
  const keys = inData.map((field) => [
    dataKey(field),
    mayLack(field) ? kinds[field.is].optional() : kinds[field.is],
  ])
  // Strict: this release would drop the fact in an unknown key.
  const data = z.strictObject({ offers, ...Object.fromEntries(keys) })
  return z.object({
    event_type: z.literal(type),
    ...row,
    ...Object.fromEntries(columns),
    data: inData.every(mayLack) ? data.nullish() : data,
  })
}

/** A row of the log, of the current shape. One discriminated union: a plain one is seven times slower. */
export const eventRowSchema = lazily(() => {
  const [first, ...others] = eventForms.map(([type, form]) => schemaOf(type, form))
  if (first === undefined) throw new Error('there are no events')
  return z.discriminatedUnion('event_type', [first, ...others])
})
