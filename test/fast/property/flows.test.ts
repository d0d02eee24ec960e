/** Flows as people think of them, written a second time and as plainly as possible, beside those of the core. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { awaitsParents, type JobOutcome, nextTickAt } from '../../../src/engine/core/index.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { type Flow, flowOf, readBack } from '../core/flow.ts'

interface Parent {
  readonly job: string
  readonly goesOn: boolean
  /** Where its failure began, as far as its child can know: of a job that had ended before, it knows no more than its id. */
  readonly causes: () => readonly string[]
}

interface Node {
  parents: readonly Parent[]
  outcome: JobOutcome | null
  /** Because of several at once, it may name any of them. */
  causes: readonly string[]
}

/** A job has a fate as soon as its parents have: it may run when all have ended, and fails with the first that failed. */
class NaiveFlows {
  readonly nodes = new Map<string, Node>()

  add(jobId: string, parents: readonly { readonly job: string; readonly goesOn: boolean }[]): void {
    const known = parents.map(({ job, goesOn }) => {
      const hadEnded = this.outcomeOf(job) !== null
      return { job, goesOn, causes: () => (hadEnded ? [job] : (this.nodes.get(job)?.causes ?? [])) }
    })
    this.nodes.set(jobId, { parents: known, outcome: null, causes: [jobId] })
  }

  /** What comes after a job that runs also comes after those that it adds. */
  grow(runner: string, jobIds: readonly string[]): void {
    for (const node of this.nodes.values()) {
      const link = node.parents.find(({ job }) => job === runner)
      if (link === undefined || node.outcome !== null) continue
      const added = jobIds.map((job) => ({ ...link, job, causes: () => this.nodes.get(job)?.causes ?? [] }))
      node.parents = [...node.parents, ...added]
    }
    for (const jobId of jobIds) this.add(jobId, [])
  }

  /** The job and all that come after it are cancelled. */
  prune(jobId: string): readonly string[] {
    const doomed = new Set([jobId])
    for (let size = 0; size !== doomed.size; ) {
      size = doomed.size
      for (const other of this.live())
        if (this.nodes.get(other)?.parents.some(({ job }) => doomed.has(job)) === true) doomed.add(other)
    }
    for (const one of doomed) this.end(one, 'cancelled')
    return [...doomed]
  }

  readonly outcomeOf = (jobId: string): JobOutcome | null => this.nodes.get(jobId)?.outcome ?? null

  mayRun = (jobId: string): boolean =>
    this.nodes.get(jobId)?.parents.every(({ job }) => this.outcomeOf(job) !== null) === true

  live(): readonly string[] {
    return [...this.nodes.keys()].filter((jobId) => this.outcomeOf(jobId) === null)
  }

  end(jobId: string, outcome: JobOutcome): void {
    const node = this.nodes.get(jobId)
    if (node !== undefined) node.outcome = outcome
  }

  /** Until no more fail with another: which ones, and because of which they may say they do. */
  settle(): ReadonlyMap<string, readonly string[]> {
    const failed = new Map<string, readonly string[]>()
    for (let more = true; more; ) {
      more = false
      for (const jobId of this.live()) {
        const node = this.nodes.get(jobId) as Node
        const causes = node.parents.filter((one) => this.#failsItsChild(one)).flatMap((one) => one.causes())
        if (causes.length === 0) continue
        Object.assign(node, { outcome: 'failed', causes })
        failed.set(jobId, causes)
        more = true
      }
    }
    return failed
  }

  #failsItsChild({ job, goesOn }: Parent): boolean {
    const outcome = this.outcomeOf(job)
    return outcome !== null && outcome !== 'completed' && !goesOn
  }
}

type Step =
  | { readonly type: 'add'; readonly jobs: readonly (readonly { pick: number; goesOn: boolean }[])[] }
  | { readonly type: 'fan'; readonly pick: number; readonly many: number }
  | { readonly type: 'complete' | 'fail' | 'cancel' | 'retry' | 'prune'; readonly pick: number }
  | { readonly type: 'grow'; readonly pick: number; readonly many: number }
  | { readonly type: 'restart' }

const pick = fc.nat(99)
const parents = fc.array(fc.record({ pick, goesOn: fc.constantFrom(false, false, true) }), { maxLength: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      jobs: fc.array(parents, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('fan' as const), pick, many: fc.integer({ min: 30, max: 70 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom('complete' as const, 'complete' as const, 'fail' as const, 'cancel' as const),
      pick,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('retry' as const, 'prune' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('grow' as const), pick, many: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'restart' as const }) },
)

/** Both, side by side. */
class Pair {
  readonly flow: Flow = flowOf()
  readonly naive = new NaiveFlows()

  play(step: Step): void {
    if (step.type === 'add') return this.#add(step.jobs)
    if (step.type === 'fan') {
      const root = this.#of([...this.naive.nodes.keys()], step.pick)
      if (root === undefined) return
      const link = [{ job: root, goesOn: false }]
      return this.#enqueue(Array.from({ length: step.many }, () => link))
    }
    if (step.type === 'restart') {
      this.flow.ledger = readBack(this.flow.ledger)
      return
    }
    const live = this.naive.live()
    const isOfAny = step.type === 'cancel' || step.type === 'prune'
    const jobId = this.#of(isOfAny ? live : live.filter(this.naive.mayRun), step.pick)
    if (jobId === undefined) return
    if (step.type === 'grow') this.#grow(jobId, step.many)
    else if (step.type === 'prune') this.#prune(jobId)
    else this.end(jobId, step.type)
  }

  end(jobId: string, how: 'complete' | 'fail' | 'cancel' | 'retry'): void {
    if (how === 'retry') return this.#tryAgain(jobId)
    this.flow.end(jobId, how)
    this.naive.end(jobId, ({ complete: 'completed', fail: 'failed', cancel: 'cancelled' } as const)[how])
    this.#settle()
  }

  #grow(runner: string, many: number): void {
    if (this.flow.job(runner)?.active !== true)
      this.flow.send({ type: 'take_up', jobId: runner, wait: false })
    const jobIds = Array.from({ length: many }, (_, nth) => `j${this.naive.nodes.size + nth}`)
    const added = jobIds.map((jobId) => ({ jobId }))
    expect(this.flow.add(runner, added).result).toMatchObject({ ok: true })
    this.naive.grow(runner, jobIds)
    this.#settle()
  }

  #prune(jobId: string): void {
    const { events } = this.flow.send({ type: 'cancel', jobId, force: true, descendants: true })
    const gone = events.flatMap((event) => (event.type === 'cancelled' ? [event.jobId] : []))
    expect(gone.toSorted()).toEqual(this.naive.prune(jobId).toSorted())
    expect(gone.at(-1)).toBe(jobId)
    this.#settle()
  }

  /** It fails. While another attempt follows, to those that come after it nothing has happened. */
  #tryAgain(jobId: string): void {
    const { events } = this.flow.end(jobId, 'fail', this.flow.now)
    if (events.some((event) => event.type === 'failed' && event.final)) this.naive.end(jobId, 'failed')
    this.#settle()
  }

  #add(jobs: readonly (readonly { readonly pick: number; readonly goesOn: boolean }[])[]): void {
    const first = this.naive.nodes.size
    const known = [...this.naive.nodes.keys()]
    this.#enqueue(
      jobs.map((choices, nth) => {
        const ids = [...known, ...jobs.slice(0, nth).map((_, i) => `j${first + i}`)]
        const links = choices.flatMap(({ pick, goesOn }) => {
          const job = this.#of(ids, pick)
          return job === undefined ? [] : [{ job, goesOn }]
        })
        return [...new Map(links.map((link) => [link.job, link])).values()]
      }),
    )
  }

  /** The last one comes first: in whatever order a flow comes, it is the same flow. */
  #enqueue(jobs: readonly (readonly { readonly job: string; readonly goesOn: boolean }[])[]): void {
    const first = this.naive.nodes.size
    const inputs = jobs.map((links, nth) => ({
      jobId: `j${first + nth}`,
      after: links.map(({ job, goesOn }) => (goesOn ? { job, ifFailed: 'continue' } : job)),
    }))
    for (const [nth, links] of jobs.entries()) this.naive.add(`j${first + nth}`, links)
    expect(this.flow.enqueue(inputs.toReversed()).result).toMatchObject({ ok: true })
    this.#settle()
  }

  #settle(): void {
    while (nextTickAt(this.flow.ledger) === this.flow.ledger.lastAt) this.flow.send({ type: 'tick' })
    this.#compare(this.naive.settle())
  }

  #compare(failed: ReadonlyMap<string, readonly string[]>): void {
    const live = this.naive.live()
    expect(this.flow.ledger.jobs.size).toBe(live.length)
    const wrong = live.filter((jobId) => {
      const job = this.flow.job(jobId)
      return job === undefined || awaitsParents(job) === this.naive.mayRun(jobId)
    })
    expect(wrong).toEqual([])
    for (const [jobId, causes] of failed) {
      const end = this.flow.log.findLast((event) => 'jobId' in event && event.jobId === jobId)
      expect(end).toMatchObject({ type: 'failed', code: 'parent_failed', token: null })
      expect(causes).toContain(end?.type === 'failed' ? end.cause : null)
    }
  }

  readonly #of = <T>(all: readonly T[], pick: number): T | undefined => all[pick % Math.max(1, all.length)]
}

describe('a flow, beside a naive one', () => {
  it(
    'releases and fails the same jobs for the same cause, and nobody waits for ever',
    holds([fc.array(step, { minLength: 4, maxLength: 30, size: 'max' })], 50, (steps) => {
      const pair = new Pair()
      for (const one of steps) pair.play(one)
      for (let next = pair.naive.live(); next.length > 0; next = pair.naive.live()) {
        const free = next.find(pair.naive.mayRun)
        expect(free, `all of ${next} wait`).toBeDefined()
        pair.end(free as string, 'complete')
      }
      const { jobs, flows, settled, propagating } = pair.flow.ledger
      expect(jobs.size + flows.size + settled.size + propagating.size).toBe(0)
      pair.flow.check()
    }),
    PATIENCE,
  )
})
