import * as z from 'zod'
import { bounds, type Dedupe } from '../core/index.ts'
import { unknownFields } from './invalid.ts'
import { keySchema } from './names.ts'
import { sha256, toHex, utf8 } from './sha256.ts'

/** A whole number of seconds, minutes, hours or days: `90s`, `15m`, `24h`, `7d`; at most `365d`. */
export type DurationText = `${number}${'s' | 'm' | 'h' | 'd'}`

/** By what a job is deduplicated: see {@link EnqueueInput.dedupe}. */
export interface DedupeInput {
  /** What the jobs have in common that are one: 1 to 200 characters. Only a digest of it is kept. */
  readonly key: string
  /**
   * For how long the job has its key: `waiting`, until it starts, and again while it waits for a retry; `live`, until it ends;
   * `{ within: '1h' }`, for a whole number of `s`, `m`, `h` or `d` from when it is put in line, at most `365d`, whatever becomes of it.
   */
  readonly while: 'waiting' | 'live' | { readonly within: DurationText }
  /**
   * The job starts only when no other came with its key for `delay`, at most `maxDelay` after it was put in line, and with the payload of
   * the last one. A running job stands for none: the next one with its key follows it. Not together with `within` or `runAt`.
   */
  readonly debounce?: { readonly delay: DurationText; readonly maxDelay: DurationText } | undefined
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds, of a text such as `24h`. */
export const msOf = (text: string): number => Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0)

const spanError = 'must be a time such as "1h" (whole s, m, h or d, 365d at most)'
const spanSchema = z
  .string({ error: spanError })
  .regex(/^[1-9]\d{0,8}[smhd]$/, { error: spanError })
  .transform(msOf)
  .refine((ms) => ms <= bounds.durationMs, spanError)

const within = z.strictObject({ within: spanSchema }, { error: unknownFields(['within']) })

const debounceSchema = z
  .strictObject({ delay: spanSchema, maxDelay: spanSchema }, { error: unknownFields(['delay', 'maxDelay']) })
  .refine(({ delay, maxDelay }) => delay <= maxDelay, {
    error: 'must not be longer than maxDelay',
    path: ['delay'],
  })

/** Half of a SHA-256, in hexadecimal: nobody finds two keys with the same one. */
const digestOf = (key: string): string => toHex(sha256().update(utf8(key)).digest()).slice(0, 32)

const shape = {
  key: keySchema.transform(digestOf),
  while: z.union([z.literal(['waiting', 'live']), within], {
    error: 'must be "waiting", "live" or a time such as { within: "1h" } (whole s, m, h or d, 365d at most)',
  }),
  debounce: debounceSchema.optional(),
}

export const dedupeSchema = z
  .strictObject(shape, { error: unknownFields(Object.keys(shape)) })
  .refine((dedupe) => dedupe.debounce === undefined || typeof dedupe.while === 'string', {
    error: 'goes with while: "waiting" or "live"; leave one of the two out',
    path: ['debounce'],
  })
  .transform(
    ({ key, while: lasts, debounce }): Dedupe => ({
      key,
      while: typeof lasts === 'string' ? lasts : lasts.within,
      ...(debounce === undefined ? undefined : { debounce }),
    }),
  )
