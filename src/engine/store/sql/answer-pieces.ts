import * as z from 'zod'
import {
  type JobSpec,
  type Lease,
  leaseOf,
  type RefusalCode,
  type Started,
  specDefaults,
} from '../../core/index.ts'
import type { AnsweredByAppend, AnswersTo, CommandAnswer, ReceivedAnswers } from '../index.ts'
import { dataAnswer } from './answers.ts'
import { jsonOf } from './parse-answer.ts'

/** In bytes; a notification has room for 8,000, and half of that is left for the data of the jobs. */
const MOST_BYTES = 4_000
/** An answer alone, if it is longer: its data is read. */
const MOST_ALONE = 7_500

/** What is said to one address. */
interface AnswerPiece {
  readonly to: string
  readonly said: string
  readonly wanted: readonly string[]
}

/**
 * Answers as `job_queue_append_for` takes them, each piece short enough for one notification. The senders of those that are too long are
 * named, so that they read the log.
 */
export function answeredOf({ answers = [], concern = 'all', senders, ...rest }: AnsweredByAppend) {
  const readers = new Set(senders)
  const pieces = answers.flatMap((each) => piecesOf(each, () => readers.add(each.sender)))
  return { ...rest, senders: [...readers], concern, answers: pieces }
}

function piecesOf({ to, answers, wanted }: AnswersTo, onTooLong: () => void): readonly AnswerPiece[] {
  const pieces: { text: string; readonly ids: Set<string> }[] = []
  for (const answer of answers) {
    const text = JSON.stringify(answerText(answer))
    const length = Buffer.byteLength(text)
    const last = pieces.at(-1)
    const ids = answer.result.ok ? answer.result.started.map(({ spec }) => spec.jobId) : []
    if (length > MOST_ALONE) onTooLong()
    else if (last === undefined || Buffer.byteLength(last.text) + length > MOST_BYTES)
      pieces.push({ text, ids: new Set(ids) })
    else {
      last.text += `,${text}`
      for (const id of ids) last.ids.add(id)
    }
  }
  return pieces.map(({ text, ids }) => ({
    to,
    said: `[${text}]`,
    wanted: wanted.filter((id) => ids.has(id)),
  }))
}

/** Without what is the same for all: nobody waits for the rest of a result. */
function answerText({ commandId, result }: CommandAnswer) {
  if (!result.ok) return { commandId, result }
  const { changed, started } = result
  return { commandId, result: { ok: true, changed, started: started.map(startOf) } }
}

/** What is as usual in the spec is left out, and the text of the fence. */
function startOf({ spec, lease: { jobId: _jobId, fence: _fence, ...key }, ...rest }: Started) {
  const usual: Readonly<Record<string, unknown>> = { ...specDefaults, kind: spec.jobType }
  const unusual = Object.entries(spec).filter(([name, value]) => usual[name] !== value)
  return { spec: Object.fromEntries(unusual), ...key, ...rest }
}

/** It was made by a process that may append, and its address is known to nobody else. */
const spec = z
  .looseObject({ jobId: z.string(), jobType: z.enum(['normal', 'workflow']), models: z.array(z.string()) })
  .transform((said) => ({ ...specDefaults, kind: said.jobType, ...said }) as JobSpec)
const places = z.custom<Lease['places']>().optional()
const batch = z.int().optional()
const tries = { attempt: z.int(), attempts: z.int(), postponed: z.int() }
const start = z
  .object({ spec, fencingToken: z.int(), epoch: z.int(), workerId: z.string(), places, batch, ...tries })
  .transform(({ fencingToken, epoch, places, batch, ...rest }): Started => {
    const lease = leaseOf(rest.spec.jobId, fencingToken, epoch, places)
    return { ...rest, lease, ...(batch !== undefined && { batch }) }
  })
const code = z.custom<RefusalCode>((value) => typeof value === 'string')
const result = z.discriminatedUnion('ok', [
  z
    .object({ ok: z.literal(true), changed: z.boolean(), started: z.array(start) })
    .transform((accepted) => ({ ...accepted, waiting: [], bypassed: [] })),
  z.object({ ok: z.literal(false), code, message: z.string() }),
])
/** The third part is there if the commit waits for a standby. */
const received = z.tuple([
  z.array(z.object({ commandId: z.string(), result })),
  dataAnswer,
  z.literal(1).optional(),
])

/** What a notification on the address of a process says (`job_queue_append_for`); undefined: nothing that can be read. */
export function answersOf(payload: string): ReceivedAnswers | undefined {
  const space = payload.indexOf(' ')
  const version = Number(payload.slice(0, space))
  const read = received.safeParse(jsonOf(payload.slice(space + 1)))
  if (!read.success || !Number.isSafeInteger(version)) return undefined
  const [answers, data, waits] = read.data
  return { version, answers, data, ...(waits && { isUnconfirmed: true }) }
}
