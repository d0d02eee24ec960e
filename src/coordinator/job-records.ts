import { parseNote } from '../codec/index.ts'
import type { CommandBody, Lease } from '../core/index.ts'
import type { DataRole, DeadJob, DeadLetterRole, IntakeRole, JobData } from '../port/index.ts'
import type { DeadChoice, NoteOptions } from './api/calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import { type DeadLetters, dropDead, listDead, retryDead } from './dead-letters.ts'
import { takeIn } from './inbox/row-intake.ts'
import type { Member } from './membership/member.ts'

/** What there is of jobs beside the log: their data, dead letters, and rows that have arrived. */
export class JobRecords {
  readonly #member: Member
  readonly #store: DataRole & DeadLetterRole & IntakeRole

  constructor(member: Member, store: DataRole & DeadLetterRole & IntakeRole) {
    this.#member = member
    this.#store = store
  }

  data(jobIds: readonly string[]): Promise<readonly JobData[]> {
    return this.#store.data(this.#queue, jobIds)
  }

  async dataOf(lease: Lease): Promise<JobData | undefined> {
    return this.#member.startedData.take(lease)
  }

  async note({ jobId, fencingToken: token }: Lease, note: NoteOptions): Promise<boolean> {
    return this.#store.note(this.#queue, { jobId, token, ...parseNote(note) })
  }

  forget(jobIds: readonly string[]): Promise<void> {
    return this.#store.forget(this.#queue, jobIds)
  }

  dead(filter: Parameters<Coordinator['dead']>[0] = {}): Promise<readonly DeadJob[]> {
    return listDead(this.#letters, filter)
  }

  retryDead({ all: _, ...filter }: DeadChoice): Promise<number> {
    return retryDead(this.#letters, filter)
  }

  dropDead({ all: _, ...filter }: DeadChoice): Promise<number> {
    return dropDead(this.#letters, filter)
  }

  async takeIn(max: number): Promise<number> {
    const send = (body: CommandBody) => this.#member.send(body)
    return takeIn({ store: this.#store, queue: this.#queue, send }, max)
  }

  get #queue(): string {
    return this.#member.log.queue
  }

  get #letters(): DeadLetters {
    return {
      ...{ store: this.#store, queue: this.#queue },
      send: (body, options) => this.#member.send(body, options),
    }
  }
}
