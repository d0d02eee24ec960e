import * as z from 'zod'
import { type JobSpec, leaseOf, type RefusalCode, type Started, specDefaults } from '../../core/index.ts'
import type { AnsweredByAppend, AnswersTo, CommandAnswer, HeardAnswers } from '../../port/index.ts'
import { dataAnswer } from './answers.ts'
import { jsonOf } from './parse-answer.ts'

/** In bytes; a notification has room for 8,000, and half of that is left for the data of the jobs. */
const MOST_SAID = 4_000
/** An answer alone, if it is longer: its data is read. */
const MOST_ALONE = 7_500

/** A start as it is said: what is as usual in the spec is left out. Both numbers count the attempts that were postponed. */
type Said = readonly [
  spec: object,
  token: number,
  starts: number,
  mayStart: number,
  epoch: number,
  workerId: string,
]
/** What came of a command: whether it changed anything, and what it started; or why it was refused. */
type SaidAnswer =
  | readonly [commandId: string, 0 | 1, ...Said[]]
  | readonly [commandId: string, 2, RefusalCode, string]

/** What is said to one address. */
interface Told {
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

function piecesOf({ to, answers, wanted }: AnswersTo, onTooLong: () => void): readonly Told[] {
  const pieces: { said: string[]; length: number; ids: Set<string> }[] = []
  for (const answer of answers) {
    const text = textOf(answer)
    const length = Buffer.byteLength(text) + 1
    if (length > MOST_ALONE) {
      onTooLong()
      continue
    }
    let piece = pieces.at(-1)
    if (piece === undefined || piece.length + length > MOST_SAID) {
      piece = { said: [], length: 0, ids: new Set() }
      pieces.push(piece)
    }
    piece.said.push(text)
    piece.length += length
    if (answer.result.ok) for (const { spec } of answer.result.started) piece.ids.add(spec.jobId)
  }
  return pieces.map(({ said, ids }) => ({
    to,
    said: `[${said}]`,
    wanted: wanted.filter((id) => ids.has(id)),
  }))
}

function textOf({ commandId, result }: CommandAnswer): string {
  const said: SaidAnswer = result.ok
    ? [commandId, result.changed ? 1 : 0, ...result.started.map(saidOf)]
    : [commandId, 2, result.code, result.message]
  return JSON.stringify(said)
}

function saidOf({ spec, lease: { fencingToken, epoch }, postponed, workerId, ...tries }: Started): Said {
  const { kind, ...rest } = spec
  const usual: Readonly<Record<string, unknown>> = specDefaults
  const said = Object.fromEntries(Object.entries(rest).filter(([name, value]) => usual[name] !== value))
  const whole = kind === spec.jobType ? said : { ...said, kind }
  return [whole, fencingToken, tries.attempt + postponed, tries.attempts + postponed, epoch, workerId]
}

/** It was made by a process that may append, and its address is known to nobody else. */
const spec = z
  .looseObject({ jobId: z.string(), jobType: z.enum(['normal', 'workflow']), models: z.array(z.string()) })
  .transform((said) => ({ ...specDefaults, kind: said.jobType, ...said }) as JobSpec)
const start = z
  .tuple([spec, z.int(), z.int(), z.int(), z.int(), z.string()])
  .transform(([whole, fencingToken, starts, mayStart, epoch, workerId]): Started => {
    const { jobId, attempts } = whole
    const postponed = mayStart - attempts
    const tries = { attempt: starts - postponed, attempts, postponed }
    return { lease: leaseOf(jobId, fencingToken, epoch), spec: whole, ...tries, workerId }
  })
const answer = z.union([
  z
    .tuple([z.string(), z.literal([0, 1])], start)
    .transform(([commandId, changed, ...started]): CommandAnswer => {
      return { commandId, result: { ok: true, started, waiting: [], bypassed: [], changed: changed === 1 } }
    }),
  z
    .tuple([z.string(), z.literal(2), z.custom<RefusalCode>((code) => typeof code === 'string'), z.string()])
    .transform(([commandId, , code, message]): CommandAnswer => {
      return { commandId, result: { ok: false, code, message } }
    }),
])
/** The third part is there if the commit waits for a standby. */
const heard = z.tuple([z.array(answer), dataAnswer, z.literal(1).optional()])

/** What a notification on the address of a process says (`job_queue_append_for`); undefined: nothing that can be read. */
export function answersOf(payload: string): HeardAnswers | undefined {
  const space = payload.indexOf(' ')
  const version = Number(payload.slice(0, space))
  const read = heard.safeParse(jsonOf(payload.slice(space + 1)))
  if (!read.success || !Number.isSafeInteger(version)) return undefined
  const [answers, data, waits] = read.data
  return { version, answers, data, ...(waits && { isUnconfirmed: true }) }
}
