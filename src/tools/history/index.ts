/**
 * The log of a queue (`interlock-queue/history`): read it, replay it, verify it, maintain it. Every function takes an {@link
 * Access}; results are the documents that the command prints with `--json`. Needs nothing of Node: a browser can replay and check
 * events too. For archive files see `interlock-queue/history/files`.
 * @example
 * import { pgliteStore } from 'interlock-queue/pglite'
 * import { replay, verify } from 'interlock-queue/history'
 *
 * const access = { store: pgliteStore('./.interlock') }
 * const { ok, firstBad } = await verify(access)
 * const { jobs } = await replay(access, { at: new Date(Date.now() - 600_000) })
 * @module
 */
export type { Access, Step } from './access.ts'
export { type ArchiveDocument, type ArchiveOptions, archive } from './archive.ts'
export type { ArchivedFiles, BadEvent, Mark } from './bad-event.ts'
export { type ChainDocument, chain } from './chain.ts'
export {
  type EventDocument,
  type ExplanationDocument,
  eventDocument,
  type JobDocument,
  type PauseDocument,
  type SpecDocument,
  type StateDocument,
  type ToldDocument,
} from './documents.ts'
export { firstLedger, ledgerAt, type SnapshotDocument, snapshot } from './fold.ts'
export { historyOf, type JobHistory } from './job-history.ts'
export type { Point, TimeSpan } from './log-point.ts'
export type { ComparedPayloads } from './payloads.ts'
export { followEvents, readEvents, readPages, type Stretch } from './read-events.ts'
export { type Rebuilt, rebuild } from './rebuild.ts'
export {
  type ReplayDocument,
  type ReplayedJobDocument,
  type ReplayOptions,
  replay,
  replayJob,
} from './replay.ts'
export type { Difference } from './row-differences.ts'
export { type Verification, type VerifyOptions, verify } from './verify.ts'
