import type { JobKey } from '../values/position.ts'
import { Table } from '../values/table.ts'
import type { Owner } from '../values/tree-node.ts'
import type { Job } from './job.ts'
import { awakened, mayRest, Resting, SharedSpecs } from './resting.ts'

type JobSlots = Table<Job | Resting, JobKey>

const isResting = (slot: Job | Resting): slot is Resting => slot instanceof Resting
const jobIn = (slot: Job | Resting): Job => (isResting(slot) ? awakened(slot) : slot)

/**
 * The live jobs of a queue by id: a {@link Table} that keeps those of which there is little to say in few bytes. Such a job is another object
 * each time that it is looked up, with the same values.
 */
export class LiveJobs implements Iterable<Job> {
  readonly #slots: JobSlots
  /** What it holds is in no part of the state: all that came of one table may have one. */
  readonly #specs: SharedSpecs

  private constructor(slots: JobSlots, specs: SharedSpecs) {
    this.#slots = slots
    this.#specs = specs
  }

  static empty(): LiveJobs {
    const slots = Table.empty<Job | Resting, JobKey>((a, b) => a.jobId === b.jobId)
    return new LiveJobs(slots, new SharedSpecs())
  }

  get size(): number {
    return this.#slots.size
  }

  get(key: JobKey): Job | undefined {
    const slot = this.#slots.get(key)
    return slot === undefined ? undefined : jobIn(slot)
  }

  insert(job: Job, owner: Owner): LiveJobs {
    return this.#with(this.#slots.insert(job, owner))
  }

  remove(key: JobKey, owner: Owner): LiveJobs {
    return this.#with(this.#slots.remove(key, owner))
  }

  /** The same jobs, of which nobody writes to these any more: in as few bytes as they need. */
  rest(jobs: Iterable<Job>, owner: Owner): LiveJobs {
    let slots = this.#slots
    for (const job of jobs)
      if (mayRest(job) && slots.get(job) === job) slots = slots.insert(this.#rested(job), owner)
    return this.#with(slots)
  }

  /** The same as {@link insert} for a job that nobody writes to. */
  insertAtRest(job: Job, owner: Owner): LiveJobs {
    return this.#with(this.#slots.insert(this.#rested(job), owner))
  }

  *[Symbol.iterator](): Iterator<Job> {
    for (const slot of this.#slots) yield jobIn(slot)
  }

  #rested(slot: Job | Resting): Job | Resting {
    if (isResting(slot) || !mayRest(slot)) return slot
    return new Resting(slot, this.#specs.of(slot.spec))
  }

  #with(slots: JobSlots): LiveJobs {
    return slots === this.#slots ? this : new LiveJobs(slots, this.#specs)
  }
}
