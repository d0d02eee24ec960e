import { findEntries, invalidInput, MICROS_PER_MS } from '../../../engine/core/index.ts'
import { parseInput } from '../../../engine/events/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { openedBy } from '../../../tools/history/access.ts'
import { foundStates, payloadValue } from '../../../tools/operate/find-jobs.ts'
import {
  type ChangeDocument,
  type ChangePreview,
  changeJobs,
  type FoundState,
  flow,
  type JobChange,
  type JobFilter,
  jobs,
  previewChange,
} from '../../../tools/operate/index.ts'
import type { Lever } from '../guard/grant.ts'
import { json } from '../guard/headers.ts'
import { Refused } from '../guard/refused.ts'
import { plainTextOfMany } from '../lever/plain.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { type ChangePreviewDocument, changesSchema } from './many-documents.ts'
import { type ApiQuery, momentIn, numberIn } from './reading.ts'

/** A preview goes to the page and back: with more it would be too large. */
const MOST_JOBS = 1_000

/** Jobs by what they are, page by page. */
export async function foundJobs(reader: QueueReader, { query, allowed }: ApiQuery): Promise<Response> {
  const text = (name: string) => query.get(name) ?? undefined
  const [payload, error] = [payloadIn(query), text('error')]
  checkSees(allowed.data, { payload, error })
  const states = query.getAll('state').map(stateIn)
  const filter = {
    ...(states.length === 0 ? {} : { states }),
    ...Object.fromEntries(findEntries.map(({ name, word }) => [name, text(word)])),
    payload,
    error,
    since: await dateOf(reader, 'since', text('since')),
    until: await dateOf(reader, 'until', text('until')),
    limit: numberIn(query, 'limit', 20, 1, 1_000),
    from: text('from'),
  }
  return json(await jobs(accessOf(reader), filter))
}

/** @throws InterlockError `invalid_input` */
function stateIn(text: string): FoundState {
  const state = foundStates.find((each) => each === text)
  if (state !== undefined) return state
  throw invalidInput(
    `state ${text}: must be ${foundStates.join(' or ')}; for several repeat it: state=waiting&state=dead`,
    'state',
  )
}

/** @throws Refused who may not see payloads and errors could guess them by searching */
function checkSees(seesData: boolean, { payload, error }: JobFilter): void {
  const what = payload === undefined ? (error === undefined ? undefined : 'errors') : 'payloads'
  if (what !== undefined && !seesData)
    throw new Refused(403, 'not_allowed', `you may not see ${what}, so you may not search in them`)
}

/** The jobs that a job comes after, and those that come after it. */
export const flowAround = async (reader: QueueReader, jobId: string): Promise<Response> =>
  json(await flow(accessOf(reader), jobId))

/** The reader follows the queue anyway: nothing is folded again for a request. */
const accessOf = (reader: QueueReader) =>
  openedBy({ store: reader.store, queue: reader.queue }, async () => {
    await reader.look()
    return reader.ledger()
  })

/** How a field of the payload begins in an address. */
export const PAYLOAD = 'payload.'

/** `payload.user.id=17` */
function payloadIn(query: URLSearchParams): JobFilter['payload'] {
  const fields = [...query].filter(([name]) => name.startsWith(PAYLOAD))
  if (fields.length === 0) return undefined
  return Object.fromEntries(fields.map(([name, value]) => [name.slice(PAYLOAD.length), payloadValue(value)]))
}

async function dateOf(
  reader: QueueReader,
  name: 'since' | 'until',
  text: unknown,
): Promise<Date | undefined> {
  if (text === undefined) return undefined
  const { from, to } = await momentIn(reader, name, text)
  return new Date((name === 'since' ? from : to) / MICROS_PER_MS)
}

/** What an operator has to be allowed for a change of many. */
function leverOf(change: JobChange): Lever {
  if (change.do === 'move') return 'priority' in change ? 'prioritize' : 'move'
  return change.do === 'delete' ? 'drop' : change.do
}

interface ManyOptions {
  readonly reader: QueueReader
  /** The store itself: a write is not given up half-way. */
  readonly store: LogStore
  readonly actor: string
  readonly operator: string
  readonly seesData: boolean
  /** @throws Refused if this operator may not */
  readonly checkMay: (lever: Lever) => void
}

/**
 * Says which jobs a change is about, or changes those of such a preview.
 * @throws InterlockError as `previewChange` and `changeJobs`
 * @throws Refused for more jobs than one answer has, and for what this operator may not do
 */
export async function changeMany(
  options: ManyOptions,
  body: unknown,
): Promise<{ readonly document: ChangePreviewDocument | ChangeDocument; readonly changed: string | null }> {
  const asked = parseInput(changesSchema, body, 'changes')
  return 'preview' in asked
    ? carryOut(options, asked.preview, asked.commandId)
    : look(options, asked.change as JobChange, asked.filter)
}

async function look(
  { reader, seesData, checkMay }: ManyOptions,
  change: JobChange,
  given: Readonly<Record<string, unknown>> = {},
) {
  const { since, until, ...rest } = given
  const times = {
    since: await dateOf(reader, 'since', since),
    until: await dateOf(reader, 'until', until),
  }
  const filter: JobFilter = { ...rest, ...times }
  checkSees(seesData, filter)
  checkMay(leverOf(Object(change)))
  const document = await previewChange(accessOf(reader), change, filter)
  if (document.jobs.length > MOST_JOBS)
    throw new Refused(
      413,
      'too_large',
      `the filter names ${document.jobs.length} jobs, and ${MOST_JOBS} are the most here; narrow it, or use the command line`,
    )
  const says = plainTextOfMany(document, (await reader.ledger()).active.size)
  return { document: { ...document, change: { ...change }, jobs: [...document.jobs], says }, changed: null }
}

async function carryOut(
  { reader, store, actor, operator, checkMay }: ManyOptions,
  given: unknown,
  commandId: string | undefined,
) {
  const { says: _, ...preview } = Object(given) as ChangePreviewDocument
  const lever = leverOf(Object(preview.change))
  checkMay(lever)
  const document = await changeJobs({ store, queue: reader.queue }, preview as unknown as ChangePreview, {
    name: actor,
    operator: { operator, host: null, command: `dashboard: ${lever}` },
    ...(commandId === undefined ? {} : { commandId }),
  })
  reader.lettersChanged()
  return { document, changed: document.done.length === 0 ? null : lever }
}
