import { createCoordinator, type Logger } from '../../coordinator/index.ts'
import { commitBeside, dropDead } from '../../coordinator/parts.ts'
import type { CommandBody } from '../../core/index.ts'
import { hasWorkerAmong, type LogStore } from '../../port/index.ts'
import type { PreviewDocument, PulledDocument } from '../api/lever-documents.ts'
import type { Lever } from '../guard/grant.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { isPreview, parseLetters, parseLever } from './parse.ts'
import { previewOf } from './preview.ts'

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
  readonly body: unknown
}

/**
 * Pulls a lever, or says what it would do. Joins the queue only for a retry.
 * @throws InterlockError `invalid_input`, or what the queue or the store throws
 */
export async function pullLever(options: PullOptions): Promise<PreviewDocument | PulledDocument> {
  const { lever, body } = options
  const asks = isPreview(lever, body)
  if (lever === 'retry' || lever === 'drop') {
    const jobIds = parseLetters(lever, body)
    return asks ? await previewLetters(options, lever, jobIds) : await pullLetters(options, lever, jobIds)
  }
  const { reader, actor } = options
  const ledger = await reader.ledger()
  const command = parseLever(lever, body, ledger.policy)
  return asks ? await preview(options, command) : await commit(options, command, { actor })
}

async function preview({ reader, lever, actor }: PullOptions, body: CommandBody): Promise<PreviewDocument> {
  const workers = reader.workers ?? (await reader.lookForWorkers())
  const ledger = await reader.ledger()
  const dead = workers.filter(({ state }) => state === 'dead').map(({ workerId }) => workerId)
  return previewOf(
    {
      ...{ lever, actor, ledger, now: reader.now() },
      ...{ hasWorker: hasWorkerAmong(workers), deadWorkers: new Set(dead) },
    },
    body,
  )
}

const limit = () => ({ forMs: PATIENCE_MS, signal: new AbortController().signal })

async function commit(
  { reader, store, lever }: PullOptions,
  body: CommandBody,
  { actor }: { readonly actor: string },
): Promise<PulledDocument> {
  const { queue } = reader
  const from = await reader.ledger()
  const { isChanged } = await commitBeside({ store, queue, limit: limit(), name: actor }, [body], from)
  return { lever, preview: false, version: await versionNow(reader), changed: isChanged, jobs: null }
}

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
    return preview(options, { type: 'enqueue', specs: letters.map(({ spec }) => spec) })
  // Dropped letters leave the list. The log does not change.
  const jobs = letters.map(({ jobId }) => ({ jobId, before: null, after: null }))
  const version = await versionNow(reader)
  const moves = { total: jobs.length, jobs: jobs.slice(0, 50) }
  return { lever, preview: true, version, events: [], changed: letters.length > 0, refusal: null, moves }
}

async function pullLetters(
  { reader, store, logger, actor }: PullOptions,
  lever: 'retry' | 'drop',
  jobIds: readonly string[],
): Promise<PulledDocument> {
  const { queue } = reader
  const jobs =
    lever === 'drop'
      ? await dropDead({ store, queue }, { jobIds })
      : await retryDead({ store, queue, logger, actor }, jobIds)
  return { lever, preview: false, version: await versionNow(reader), changed: jobs > 0, jobs }
}

/** As a coordinator does: payloads go along, large ones in pieces. */
async function retryDead(
  { store, queue, logger, actor }: { store: LogStore; queue: string; logger: Logger; actor: string },
  jobIds: readonly string[],
): Promise<number> {
  const coordinator = await createCoordinator({
    ...{ store, queue, logger, name: actor },
    ...{ joinMs: PATIENCE_MS, patienceMs: PATIENCE_MS },
  })
  try {
    return await coordinator.retryDead({ jobIds })
  } finally {
    await coordinator.close()
  }
}
