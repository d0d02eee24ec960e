import type { CommandBody } from '../core/index.ts'
import { parseNote } from '../events/index.ts'
import type { DataRole, DeadLetterRole, IntakeRole } from '../store/index.ts'
import type { Coordinator } from './api/coordinator.ts'
import { dropDead, listDead, retryDead } from './dead-letters.ts'
import { type TakenIn, takeIn } from './inbox/row-intake.ts'
import type { Member } from './membership/member.ts'
import type { SendOptions } from './membership/member-api.ts'

type RecordCalls = Pick<
  Coordinator,
  'data' | 'dataOf' | 'note' | 'forget' | 'dead' | 'retryDead' | 'dropDead' | 'takeIn'
>

/** What is kept of jobs beside the log: their data, their dead letters, and rows that have arrived. */
export function recordsOf(
  member: Member,
  store: DataRole & DeadLetterRole & IntakeRole,
  taken: TakenIn,
): RecordCalls {
  const { queue } = member.log
  const send = (body: CommandBody, options?: SendOptions) => member.send(body, options)
  const letters = { store, queue, send }
  return {
    data: (jobIds) => store.data(queue, jobIds),
    dataOf: async (lease) => member.startedData.take(lease),
    note: async ({ jobId, fencingToken: token }, note) =>
      store.note(queue, { jobId, token, ...parseNote(note) }),
    forget: (jobIds) => store.forget(queue, jobIds),
    dead: (filter = {}) => listDead(letters, filter),
    retryDead: ({ all: _, ...filter }) => retryDead(letters, filter),
    dropDead: ({ all: _, ...filter }) => dropDead(letters, filter),
    takeIn: ({ max }) => taken.count(max, () => takeIn(letters, max)),
  }
}
