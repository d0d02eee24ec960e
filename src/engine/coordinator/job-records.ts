import {
  type AttemptKey,
  type CommandBody,
  endedParentsOf,
  InterlockError,
  type Json,
  numberText,
} from '../core/index.ts'
import { parseNote } from '../events/index.ts'
import type { DataRole, DeadLetterRole, IntakeRole } from '../store/index.ts'
import type { ParentResult } from './api/calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import { dropDead, listDead, retryDead } from './dead-letters.ts'
import { type TakenIn, takeIn } from './inbox/row-intake.ts'
import type { Member } from './membership/member.ts'
import type { SendOptions } from './membership/member-api.ts'

type RecordCalls = Pick<
  Coordinator,
  'data' | 'dataOf' | 'parents' | 'note' | 'forget' | 'dead' | 'retryDead' | 'dropDead' | 'takeIn'
>

/** What is kept of jobs beside the log: their data, their dead letters, and rows that have arrived. */
export function recordsOf(
  member: Member,
  store: DataRole & DeadLetterRole & IntakeRole,
  taken: TakenIn,
): RecordCalls {
  const { queue } = member.log
  const send = (body: CommandBody, options?: SendOptions) => member.send(body, options)
  const letters = { store, queue, send, slips: member.slips, ledger: () => member.ledger }
  return {
    data: (jobIds) => store.data(queue, jobIds),
    dataOf: async (lease) => member.startedData.take(lease),
    parents: (lease, { results = false } = {}) => parentsOf(member, store, lease, results),
    note: async ({ jobId, fencingToken: token }, note) =>
      store.note(queue, { jobId, token, ...parseNote(note) }),
    forget: (jobIds) => store.forget(queue, jobIds),
    dead: (filter = {}) => listDead(letters, filter),
    retryDead: ({ all: _, descendants = false, ...filter }) => retryDead(letters, filter, descendants),
    dropDead: ({ all: _, ...filter }) => dropDead(letters, filter),
    takeIn: ({ max }) => taken.count(max, () => takeIn(letters, max)),
  }
}

/** Ended jobs are in no ledger: that of the child says how its parents ended, the store what is kept of them. */
async function parentsOf(
  member: Member,
  store: Pick<DataRole, 'results'>,
  { jobId, fencingToken }: AttemptKey,
  withResults: boolean,
): Promise<readonly ParentResult[]> {
  await member.catchUp()
  const ended = endedParentsOf(member.ledger, jobId, fencingToken)
  if (ended === undefined)
    throw new InterlockError(
      'job_not_active',
      `job ${jobId} does not run under token ${fencingToken}; stop the handler`,
    )
  const ids = ended.map((parent) => parent.jobId)
  const results = withResults && ids.length > 0 ? await resultsOf(member, store, ids) : undefined
  return ended.map((parent) => ({ ...parent, result: results?.get(parent.jobId) ?? null }))
}

const MOST_IDS = 10_000

async function resultsOf(
  { log }: Member,
  store: Pick<DataRole, 'results'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Json>> {
  if (ids.length > MOST_IDS) throw tooLarge(`there are ${numberText(ids.length)} of them`)
  const found = await store.results(log.queue, ids)
  if (typeof found !== 'number') return found
  throw tooLarge(`they have ${numberText(found)} bytes`, found)
}

const tooLarge = (what: string, bytes?: number) =>
  new InterlockError(
    'parents_too_large',
    `the results of its parents are too large for one call: ${what}; ask without results, and read those that you need: coordinator.data(ids)`,
    bytes === undefined ? {} : { bytes },
  )
