/** The jobs of a preview are changed in parts, each one append. */
import { newWorkerId } from '../../engine/coordinator/base/identity.ts'
import { PATIENCE_MS } from '../../engine/coordinator/base/retry.ts'
import { type BesideCommand, carryOut } from '../../engine/coordinator/commit/commit-beside.ts'
import { againBody, againOf, listDead } from '../../engine/coordinator/dead-letters.ts'
import { type CommandBody, type CommandResult, invalidInput, type Ledger } from '../../engine/core/index.ts'
import { checkCall, sha256, toHex, utf8 } from '../../engine/events/index.ts'
import type { DeadJob } from '../../engine/store/index.ts'
import { type Opened, opened, telling } from '../history/access.ts'
import { orCut } from '../history/fold.ts'
import type { Access } from '../history/index.ts'
import { eachEvent } from '../history/read-events.ts'
import { type ChangePreview, type JobChange, type MarkedJob, markIn } from './preview-change.ts'
import type { ByOptions } from './recover/void.ts'

export interface ChangeOptions extends ByOptions {
  /**
   * Names the whole in the log: the id of each event's command begins with it. Given again with the same preview, nothing is done twice, and
   * the answer is the same. One of its own unless given.
   */
  readonly commandId?: string | undefined
}

/** What `changeJobs` gives: the document that `interlock cancel`, `move`, `retry` and `delete` print for a filter under `--json`. */
export interface ChangeDocument {
  /** The ids of its commands in the log begin with it. */
  readonly commandId: string
  /** How many jobs the filter named, as they were shown. */
  readonly matched: number
  /** The ids of those that were changed. */
  readonly done: readonly string[]
  /** The ids of those that were left out: they had started, ended, moved or come back since they were shown. */
  readonly changed: readonly string[]
  /** Those that were refused; the exit code is then 1. */
  readonly failed: readonly RefusedChange[]
}

export interface RefusedChange {
  /** Which job. */
  readonly jobId: string
  /** Why, for programs. */
  readonly code: string
  /** Why, in a sentence. */
  readonly message: string
}

/**
 * Changes the jobs of a preview, in parts of 100. Does not join the queue. A job that has changed since the preview is left out and named. If
 * it fails on the way, call it again with the same `commandId`.
 * @throws InterlockError `invalid_input`; `contention`, `store_unavailable`; `archived` if the preview is older than the log
 */
export async function changeJobs(
  given: Access,
  preview: ChangePreview,
  options: ChangeOptions = {},
): Promise<ChangeDocument> {
  const access = opened(given)
  checkCall('changeJobs', preview, options)
  if (preview.queue !== access.queue)
    throw invalidInput(`preview: is of queue ${preview.queue}; give that queue`, 'preview.queue')
  return new JobsChange(access, preview, options).carryOut()
}

/** Jobs in one step: their commands go into one append or few, and what has changed meanwhile is noticed before the next. */
const PART = 100

/** They are not as they were in the preview. */
class Changed extends Error {
  readonly jobs: ReadonlySet<MarkedJob>
  constructor(jobs: readonly MarkedJob[]) {
    super('jobs have changed')
    this.jobs = new Set(jobs)
  }
}

/** One change of many jobs on its way. */
class JobsChange {
  readonly #access: Opened
  readonly #preview: ChangePreview
  readonly #options: ChangeOptions
  readonly #commandId: string
  readonly #ends = new Map<string, true | RefusedChange>()
  /** Jobs that others have put in line since the preview. */
  readonly #back = new Set<string>()
  #ledger: Ledger | undefined
  /** The job that the next one goes before. */
  #next: string | undefined

  constructor(access: Opened, preview: ChangePreview, options: ChangeOptions) {
    this.#access = access
    this.#preview = preview
    this.#options = options
    this.#commandId = options.commandId ?? newWorkerId('change')
    if ('before' in preview.change) this.#next = preview.change.before
  }

  async carryOut(): Promise<ChangeDocument> {
    const { change, jobs } = this.#preview
    await this.#readSince()
    await this.#sign()
    const left = jobs.filter(({ jobId }) => !this.#ends.has(jobId))
    // Each goes before the one that was moved before it. A dead job that another one comes after is older: it comes back first.
    const isReversed = 'before' in change || change.do === 'retry'
    const inTurn = isReversed ? left.toReversed() : left
    const progress = telling(this.#access, change.do, inTurn.length)
    for (let from = 0; from < inTurn.length; from += PART) {
      this.#access.signal.throwIfAborted()
      await this.#changePart(inTurn.slice(from, from + PART))
      progress.update(Math.min(from + PART, inTurn.length))
    }
    progress.stop()
    return this.#document()
  }

  /** What was done under this id before counts as done. */
  async #readSince(): Promise<void> {
    const { jobs, version } = this.#preview
    const ids = new Map(jobs.map(({ jobId }) => [this.#idOf(jobId), jobId]))
    const see = (event: { readonly commandId: string; readonly type: string; readonly jobId?: string }) => {
      const jobId = ids.get(event.commandId)
      if (jobId !== undefined) this.#ends.set(jobId, true)
      else if (event.type === 'queued' && event.jobId !== undefined) this.#back.add(event.jobId)
    }
    await eachEvent(this.#access, 'searched', see, { after: await orCut(this.#access, version) })
  }

  /** What is deleted beside the log, or never came into it, has no event: who did it is noted all the same. */
  async #sign(): Promise<void> {
    const { name, operator } = this.#options
    const { change, jobs } = this.#preview
    const isSilent = change.do === 'delete' || jobs.some(({ state }) => state === 'submitted')
    if (!isSilent || operator === undefined) return
    await this.#access.store.sign(this.#access.queue, newWorkerId(name), operator)
  }

  async #changePart(part: readonly MarkedJob[]): Promise<void> {
    const live = part.filter(({ state }) => state === 'waiting' || state === 'active')
    const submitted = part.filter(({ state }) => state === 'submitted')
    for (const job of submitted) await this.#withdraw(job)
    const past = await this.#unchanged(part.filter((job) => !live.includes(job) && !submitted.includes(job)))
    if (this.#preview.change.do !== 'delete') return this.#command([...live, ...past])
    await this.#command(live)
    const jobIds = live.filter(({ jobId }) => this.#ends.get(jobId) === true).map(({ jobId }) => jobId)
    await this.#forget(jobIds, past)
  }

  /** A job that is submitted. If it is gone, and has not come into the queue since, it was cancelled before. */
  async #withdraw({ jobId, mark }: MarkedJob): Promise<void> {
    const { store, queue } = this.#access
    const id = Number(mark.replace('submitted ', ''))
    const [there] = await store.submissions(queue, id - 1)
    const isDone = there?.id === id && (await store.cancelSubmitted(queue, jobId))
    if (isDone || !(await this.#hasComeIn(jobId))) this.#ends.set(jobId, true)
  }

  async #hasComeIn(jobId: string): Promise<boolean> {
    const { events } = await this.#access.store.ofJob(this.#access.queue, jobId)
    return events.some(({ seq }) => seq > this.#preview.version)
  }

  async #forget(cancelled: readonly string[], past: readonly MarkedJob[]): Promise<void> {
    const { store, queue } = this.#access
    const idsOf = (isDead: boolean) =>
      past.filter(({ state }) => (state === 'dead') === isDead).map(({ jobId }) => jobId)
    const [letters, others] = [idsOf(true), [...cancelled, ...idsOf(false)]]
    if (letters.length > 0) await store.drop(queue, letters)
    if (others.length > 0) await store.forget(queue, others)
    for (const jobId of [...letters, ...idsOf(false)]) this.#ends.set(jobId, true)
  }

  /** Those that have ended and are as they were. A letter that is gone is deleted already; one that is retried is looked at then. */
  async #unchanged(past: readonly MarkedJob[]): Promise<readonly MarkedJob[]> {
    const left = past.filter(({ jobId }) => !this.#back.has(jobId))
    const jobIds = left.filter(({ state }) => state === 'dead').map(({ jobId }) => jobId)
    if (jobIds.length === 0 || this.#preview.change.do === 'retry') return left
    const marks = marksOf(await listDead(this.#access, { jobIds, limit: PART }))
    return left.filter(({ jobId, state, mark }) => {
      const now = marks.get(jobId)
      return state !== 'dead' || now === mark || now === undefined
    })
  }

  /** Sends the commands about these jobs, without those that turn out to have changed. */
  async #command(part: readonly MarkedJob[]): Promise<void> {
    let left = part
    while (left.length > 0) {
      try {
        return await this.#send(left)
      } catch (error) {
        if (!(error instanceof Changed)) throw error
        left = left.filter((job) => !error.jobs.has(job))
      }
    }
  }

  async #send(jobs: readonly MarkedJob[]): Promise<void> {
    const { store, queue, signal } = this.#access
    const { name, operator } = this.#options
    const check = (ledger: Ledger) => {
      const others = jobs.filter(({ jobId, state, mark }) => {
        const now = markIn(ledger, jobId)
        return state === 'waiting' || state === 'active' ? now !== mark : now !== undefined
      })
      if (others.length > 0) throw new Changed(others)
    }
    const { results, ledger } = await carryOut(
      { store, queue, name, operator, check, limit: { forMs: PATIENCE_MS, signal } },
      await this.#commandsFor(jobs),
      this.#ledger,
    )
    this.#ledger = ledger
    for (const [i, { jobId }] of jobs.entries()) this.#note(jobId, results[i])
    const { change } = this.#preview
    if ('before' in change)
      this.#next = jobs.findLast(({ jobId }) => this.#ends.get(jobId) === true)?.jobId ?? this.#next
  }

  #note(jobId: string, result: CommandResult | undefined): void {
    if (result?.ok === true) this.#ends.set(jobId, true)
    else if (result !== undefined && result.code !== 'job_not_live')
      this.#ends.set(jobId, { jobId, code: result.code, message: result.message })
  }

  async #commandsFor(jobs: readonly MarkedJob[]): Promise<readonly BesideCommand[]> {
    const { change } = this.#preview
    if (change.do === 'retry') return this.#retries(jobs)
    let next = this.#next
    return jobs.map(({ jobId }) => {
      const id = this.#idOf(jobId)
      if (!('before' in change)) return { id, body: bodyOf(change, jobId) }
      const before = next ?? change.before
      next = jobId
      return { id, body: { type: 'reprioritize', jobId, before } }
    })
  }

  async #retries(jobs: readonly MarkedJob[]): Promise<readonly BesideCommand[]> {
    const { store, queue } = this.#access
    const jobIds = jobs.map(({ jobId }) => jobId)
    const letters = await store.dead(queue, { jobIds, links: true, limit: PART })
    const marks = marksOf(letters)
    const lost = jobs.filter(({ jobId, mark }) => marks.get(jobId) !== mark)
    if (lost.length > 0) throw new Changed(lost)
    const again = new Map((await againOf(this.#access, letters)).map((job) => [job.spec.jobId, job]))
    return jobs.flatMap(({ jobId }) => {
      const job = again.get(jobId)
      if (job === undefined) return []
      return {
        id: this.#idOf(jobId),
        body: againBody([job]),
        data: job.data,
      }
    })
  }

  /** The id of the command about one job: always the same, and short. */
  #idOf(jobId: string): string {
    return `${this.#commandId}.${toHex(sha256().update(utf8(jobId)).digest().slice(0, 8))}`
  }

  #document(): ChangeDocument {
    const ids = this.#preview.jobs.map(({ jobId }) => jobId)
    return {
      commandId: this.#commandId,
      matched: ids.length,
      done: ids.filter((jobId) => this.#ends.get(jobId) === true),
      changed: ids.filter((jobId) => !this.#ends.has(jobId)),
      failed: [...this.#ends.values()].filter((end) => end !== true),
    }
  }
}

/** How the dead ones among the jobs of a preview are marked, by id. */
const marksOf = (letters: readonly DeadJob[]): ReadonlyMap<string, string> =>
  new Map(letters.map(({ jobId, seq }) => [jobId, `dead ${seq}`]))

function bodyOf(change: JobChange, jobId: string): CommandBody {
  return 'priority' in change
    ? { type: 'reprioritize', jobId, priority: change.priority }
    : { type: 'cancel', jobId, force: 'force' in change && change.force === true }
}
