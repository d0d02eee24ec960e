import {
  bounds,
  type CommandBody,
  type InterlockError,
  invalidInput,
  isInterlockError,
  type JobSpec,
  type Ledger,
  modelsTwice,
  ofScheduleText,
  ownerOfId,
} from '../../core/index.ts'
import { parseRequirements, parseSpec } from '../../events/index.ts'
import type { Arrival, IntakeRole, RefusedArrival } from '../../store/index.ts'
import type { Slips } from '../membership/slips.ts'
import type { LookTimes } from './inbox.ts'
import { MOST_JOBS } from './parts.ts'

/** What intake needs from the coordinator. */
export interface Intake {
  readonly store: IntakeRole
  readonly queue: string
  readonly send: (body: CommandBody) => Promise<unknown>
  readonly slips: Pick<Slips, 'tell'>
  /** The queue as this process knows it. */
  ledger(): Pick<Ledger, 'schedules'>
}

type ArrivedRow = Omit<Arrival, 'arrivalId' | 'fairKey'> & { readonly fairKey?: string | null }

interface Parsed {
  readonly arrival: Arrival
  readonly spec: JobSpec
}

/** What this process has taken in, for its figures. */
export class TakenIn {
  #rows = 0
  /** By `performance.now()`: when there was last nothing left; undefined: this process has taken in none. */
  #reachedAt: number | undefined
  readonly #times: LookTimes

  constructor(times: LookTimes) {
    this.#times = times
  }

  get standing(): { readonly rows: number; readonly ms: number } | null {
    return this.#reachedAt === undefined
      ? null
      : { rows: this.#rows, ms: performance.now() - this.#reachedAt }
  }

  /** @param take takes in `max` rows at most, and says how many */
  async count(max: number, take: () => Promise<number>): Promise<number> {
    const began = performance.now()
    this.#reachedAt ??= began
    const rows = await take()
    this.#times.looked(rows > 0)
    this.#rows += rows
    if (rows < max) this.#reachedAt = began
    return rows
  }
}

/**
 * Takes in up to `max` rows of `jobs`: reads what has arrived, puts the jobs in line in parts, and reports the rows as
 * handled. If the process dies before the report, the rows are offered again, and the append finds that the log knows them.
 *
 * @returns how many rows were handled
 * @throws what the store throws
 */
export async function takeIn({ store, queue, send, slips, ledger }: Intake, max: number): Promise<number> {
  const arrivals = await store.arrivals(queue, max)
  if (arrivals.length === 0) return 0
  const refused: RefusedArrival[] = []
  const parsed = arrivals.flatMap((arrival) => {
    const spec = specOfRow(arrival)
    const owner = isInterlockError(spec) ? undefined : ownerOfId(ledger(), spec.jobId)
    slips.tell(modelsTwice(arrival.models), `Row ${arrival.jobId}: `)
    if (!isInterlockError(spec) && owner === undefined) return [{ arrival, spec }]
    const reason = isInterlockError(spec) ? spec.message : ofScheduleText(spec.jobId, owner?.schedule ?? '')
    refused.push({ arrivalId: arrival.arrivalId, reason: reason.slice(0, 500) })
    return []
  })
  const taken: Parsed[] = []
  for (let from = 0; from < parsed.length; from += MOST_JOBS)
    taken.push(...(await enqueue(send, parsed.slice(from, from + MOST_JOBS), refused)))
  await store.taken(
    queue,
    taken.map(({ arrival }) => arrival.arrivalId),
    refused,
  )
  return arrivals.length
}

/** All in one command. If the policy refuses one of them, each gets its own command. */
async function enqueue(
  send: Intake['send'],
  parsed: readonly Parsed[],
  refused: RefusedArrival[],
): Promise<readonly Parsed[]> {
  if (parsed.length === 0) return []
  try {
    await send({ type: 'enqueue', specs: parsed.map(({ spec }) => spec), intake: true })
    return parsed
  } catch (error) {
    if (!isInterlockError(error, 'models_required') && !isInterlockError(error, 'unknown_model')) throw error
    if (parsed.length > 1) {
      const each = await Promise.all(parsed.map((one) => enqueue(send, [one], refused)))
      return each.flat()
    }
    for (const { arrival } of parsed)
      refused.push({ arrivalId: arrival.arrivalId, reason: error.message.slice(0, 500) })
    return []
  }
}

/** A row is read only up to the first name too many (job_queue_row_fields): a job of the others would lack those that follow. */
const tooMany = invalidInput(
  `row.models: must have at most ${bounds.models} models; split the job or name a group as one model`,
  'row.models',
)

/** As on the command line: a word, or a time. */
const spanOf = (text: string) => (/^\d/u.test(text) ? { within: text } : text)

/**
 * The job that a row of `jobs` asks for, or why it cannot be one. `job_type` may be the user's own column with other words; such
 * words are ignored.
 */
export function specOfRow({
  jobId,
  jobType,
  models,
  kind,
  priority,
  fairKey = null,
  dedupeKey = null,
  dedupeWhile = null,
  requirements = null,
}: ArrivedRow): JobSpec | InterlockError {
  if (models.length > bounds.models) return tooMany
  try {
    const spec = parseSpec(
      {
        jobId,
        models,
        jobType: jobType === 'workflow' ? jobType : 'normal',
        ...(kind === null ? {} : { kind }),
        ...(priority === null ? {} : { priority }),
        fairKey,
        ...(dedupeKey === null ? {} : { dedupe: { key: dedupeKey, while: spanOf(dedupeWhile ?? 'live') } }),
        ...(requirements === null ? {} : parseRequirements(requirements, 'row.requirements')),
      },
      undefined,
      'row',
    )
    // The handler reads the row.
    return { ...spec, hasData: true }
  } catch (error) {
    if (isInterlockError(error, 'invalid_input')) return error
    throw error
  }
}
