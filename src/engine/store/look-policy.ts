import type { StoreTraits } from './engine-store.ts'

/**
 * How often a process looks at the database, and at what. It follows from what a call of the store costs, and all of it is here: who
 * looks reads its own line. A process has it as `LogView.looks`.
 */
export interface LookPolicy {
  /** A process that knows that it is behind reads the log before it appends. Otherwise the refusal of the append brings what it missed. */
  readonly readsBeforeAppend: boolean
  /** Heartbeats, rows of `jobs` and steps of the outer projection go along with appends. Otherwise each is a call of its own. */
  readonly goesAlong: boolean
  /** The process that appends first in a period updates the user's tables for all. Otherwise each does after its own appends. */
  readonly oneProjects: boolean
  /** What a process has folded answers its looks that come to nothing. Otherwise it reads the log to its end once. */
  readonly trustsFolded: boolean
  /** After a look that another process was faster with, a process lets others look first (`ContentionWindow`). */
  readonly yieldsAfterLoss: boolean
  /** A worker ignores appends that do not concern it until it is far behind. Otherwise only while another process combines. */
  readonly ignoresOthers: boolean
  /** How long after a look into the inbox that found nothing the process looks once more; null: a heartbeat tells it when to. */
  readonly inboxAgainMs: number | null
}

/** Calls cost next to nothing: a database at hand. */
const eager: LookPolicy = {
  readsBeforeAppend: false,
  goesAlong: false,
  oneProjects: false,
  trustsFolded: false,
  yieldsAfterLoss: false,
  ignoresOthers: false,
  // Another process may decide a command 2 s after one has taken it, in case that one died.
  inboxAgainMs: 2_500,
}

/** Each call has its price: a process looks only when it has to know. */
const sparing: LookPolicy = {
  readsBeforeAppend: true,
  goesAlong: true,
  oneProjects: true,
  trustsFolded: true,
  yieldsAfterLoss: true,
  ignoresOthers: true,
  inboxAgainMs: null,
}

export const lookPolicyOf = ({ frugal }: Pick<StoreTraits, 'frugal'>): LookPolicy =>
  frugal === true ? sparing : eager
