import { cancelAlsoSubmitted, commitBeside } from '../../../engine/coordinator/commit/commit-beside.ts'
import { dropDead } from '../../../engine/coordinator/dead-letters.ts'
import { createCoordinator, type Logger } from '../../../engine/coordinator/index.ts'
import {
  type CommandBody,
  hash,
  type Ledger,
  type Operator,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { agree, plural } from '../../../tools/format/index.ts'
import type { PreviewDocument, PulledDocument } from '../api/lever-documents.ts'
import type { Lever } from '../guard/grant.ts'
import { Refused } from '../guard/refused.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { type CommandLever, type Expected, parseAsk, parseLetters, parseLever } from './parse.ts'
import { decided, markOf, previewOf } from './preview.ts'
import { concerns, isChangedSince, undoOf } from './undo.ts'

/** How long to try a lever while the database does not answer, in milliseconds: a person waits for it. */
const PATIENCE_MS = 5_000

export interface PullOptions {
  readonly reader: QueueReader
  /** The store itself: a write is not given up half-way. */
  readonly store: LogStore
  readonly logger: Logger
  readonly lever: Lever
  /** Who pulls it, for the log. */
  readonly actor: string
  /** Who pulls it, as it is noted beside the log, where it may be deleted. */
  readonly operator: string
  readonly body: unknown
}

/**
 * Pulls a lever, or says what it would do. Joins the queue only for a retry.
 * @throws InterlockError `invalid_input`, or what the queue or the store throws
 * @throws Refused `overtaken` if it would do something else than the preview that was looked at
 */
export async function pullLever(options: PullOptions): Promise<PreviewDocument | PulledDocument> {
  const { lever, body } = options
  const { isPreview, expected, undoes } = parseAsk(lever, body)
  if (lever === 'retry' || lever === 'drop') {
    const jobIds = parseLetters(body)
    if (isPreview) return previewLetters(options, lever, jobIds)
    if (expected !== undefined && (await previewLetters(options, lever, jobIds)).mark !== expected.mark)
      throw overtaken()
    return pullLetters(options, lever, jobIds)
  }
  if (!isPreview) return commit(options, lever, expected, undoes)
  const { policy } = await options.reader.ledger()
  const command = parseLever(lever, body, policy)
  checkUndo(options.reader, command, undoes)
  return withSubmitted(options.reader, command, await preview(options, command))
}

/** A job that is submitted is not in the queue, and can be cancelled all the same: the log never hears of it. */
async function withSubmitted(
  { store, queue }: QueueReader,
  command: CommandBody,
  document: PreviewDocument,
): Promise<PreviewDocument> {
  if (command.type !== 'cancel' || document.refusal?.code !== 'job_not_live') return document
  const { commands } = await store.ofJob(queue, command.jobId)
  const isSubmitted = commands.some(({ type, refusal }) => type === 'enqueue' && refusal === null)
  return isSubmitted ? { ...document, changed: true, refusal: null, says: '1 job stops waiting.' } : document
}

/** @throws Refused `overtaken` if another command has changed since what this is to put back */
function checkUndo({ tail }: QueueReader, command: CommandBody, undoes: number | undefined): void {
  if (undoes === undefined) return
  const since = tail?.after(undoes, Number.POSITIVE_INFINITY) ?? null
  if (since === null || isChangedSince(command, since))
    throw new Refused(
      409,
      'overtaken',
      'something else has changed this since, so it is not undone; look at how it stands now',
    )
}

async function preview({ reader, lever, actor }: PullOptions, body: CommandBody): Promise<PreviewDocument> {
  const workers = reader.workers ?? (await reader.lookForWorkers())
  const ledger = await reader.ledger()
  const dead = workers.filter(({ state }) => state === 'dead').map(({ workerId }) => workerId)
  return previewOf(
    {
      lever,
      actor,
      ledger,
      now: reader.now(),
      workers,
      deadWorkers: new Set(dead),
    },
    body,
  )
}

const by = (operator: string, lever: Lever): Operator => ({
  operator,
  host: null,
  command: `dashboard: ${lever}`,
})

const limit = () => ({ forMs: PATIENCE_MS, signal: new AbortController().signal })

async function commit(
  { reader, store, lever, actor, operator, body }: PullOptions,
  of: CommandLever,
  expected: Expected | undefined,
  undoes: number | undefined,
): Promise<PulledDocument> {
  const { queue } = reader
  const from = await reader.ledger()
  const command = parseLever(of, body, from.policy)
  checkUndo(reader, command, undoes)
  let before = from
  const between = expected === undefined ? [] : reader.tail?.after(expected.version, Number.POSITIVE_INFINITY)
  const check = (ledger: Ledger, others: readonly RecordedEvent[]) => {
    before = ledger
    if (undoes !== undefined && others.some((event) => concerns(command, event))) throw overtaken()
    // A lever that changes a part of the policy sends the whole: it must not undo what somebody else has changed.
    if (command.type === 'set_policy' && ledger.policy !== from.policy) throw overtaken()
    if (expected === undefined) return
    const now = decided({ actor, ledger, now: reader.now() }, command)
    if (markOf(ledger, command, now) !== expected.mark || (isOrder(command) && others.some(isOrdering)))
      throw overtaken()
  }
  if (between === null || (isOrder(command) && between?.some(isOrdering))) throw overtaken()
  const options = { store, queue, limit: limit(), name: actor, operator: by(operator, lever), check }
  const send = () => commitBeside(options, [command], from)
  const committed =
    command.type === 'cancel'
      ? await cancelAlsoSubmitted(store, { queue, jobId: command.jobId }, send)
      : await send()
  const changed = committed?.isChanged ?? true
  const undo = changed ? undoOf(command, before) : null
  return { lever, preview: false, version: await versionNow(reader), changed, jobs: null, undo }
}

/** Where a job comes to stand depends on what others have moved, which no place in the preview can show. */
const isOrder = ({ type }: CommandBody): boolean => type === 'reprioritize'
const isOrdering = ({ type }: RecordedEvent): boolean => type === 'reprioritized'

const overtaken = () =>
  new Refused(
    409,
    'overtaken',
    'somebody has changed the queue since you looked, so this would do something else now; look at it again',
  )

const versionNow = async (reader: QueueReader) => (await reader.look()).version

/** The dead letters that exist, as they would stand in line again. */
async function previewLetters(
  options: PullOptions,
  lever: 'retry' | 'drop',
  jobIds: readonly string[],
): Promise<PreviewDocument> {
  const { reader } = options
  const letters = await reader.store.dead(reader.queue, { jobIds, limit: jobIds.length })
  if (lever === 'retry' && letters.length > 0)
    return preview(options, {
      type: 'enqueue',
      specs: letters.map(({ spec }) => spec),
      again: true,
      lives: letters.map(({ life }) => life),
    })
  // Dropped letters leave the list. The log does not change.
  const jobs = letters.map(({ jobId }) => ({ jobId, before: null, after: null }))
  const moves = { total: jobs.length, jobs: jobs.slice(0, 50) }
  return {
    lever,
    preview: true,
    version: await versionNow(reader),
    events: [],
    refusal: null,
    changed: letters.length > 0,
    says: `${plural(letters.length, 'dead letter')} ${agree(letters.length, 'is', 'are')} removed, and cannot be retried then.`,
    moves,
    startable: { total: 0, jobs: [] },
    mark: String(hash(JSON.stringify(letters.map(({ jobId, seq }) => [jobId, seq]).sort()))),
  }
}

async function pullLetters(
  { reader, store, logger, actor, operator }: PullOptions,
  lever: 'retry' | 'drop',
  jobIds: readonly string[],
): Promise<PulledDocument> {
  const { queue } = reader
  const jobs =
    lever === 'drop'
      ? await dropDead({ store, queue }, { jobIds })
      : await retryDead({ store, queue, logger, actor, operator: by(operator, lever) }, jobIds)
  reader.lettersChanged()
  return { lever, preview: false, version: await versionNow(reader), changed: jobs > 0, jobs, undo: null }
}

/** As a coordinator does: payloads go along, large ones in pieces. */
async function retryDead(
  { actor, ...given }: { store: LogStore; queue: string; logger: Logger; actor: string; operator: Operator },
  jobIds: readonly string[],
): Promise<number> {
  const coordinator = await createCoordinator({
    ...given,
    name: actor,
    joinMs: PATIENCE_MS,
    patienceMs: PATIENCE_MS,
  })
  try {
    return await coordinator.retryDead({ jobIds })
  } finally {
    await coordinator.close()
  }
}
