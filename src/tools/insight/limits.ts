/**
 * What the answers of providers (429) teach of their limits: how much had been started before each of them, and how much was without one. It
 * is a proposal with its evidence, for a person to judge; nothing is set by it.
 */
import {
  forShell,
  MICROS_PER_MS,
  MICROS_PER_SECOND,
  type Micros,
  type Policy,
  type RecordedEvent,
  rateOf,
  windowsOf,
} from '../../engine/core/index.ts'
import { pagesAfter } from '../../engine/store/index.ts'
import { duration, plural } from '../format/index.ts'
import type { Opened } from '../history/access.ts'

/** So many events are read, so that a look stays short; and none that is older than a day. */
const MOST_EVENTS = 20_000
const DAY: Micros = 86_400 * MICROS_PER_SECOND

/** The windows over which providers count, in seconds. */
const WINDOWS = [1, 10, 60, 3_600] as const
/** Fewer answers may be a coincidence. */
const LEAST_ANSWERS = 3

export interface LearnedLimit {
  readonly model: string
  /** What is counted; null: starts. */
  readonly resource: string | null
  readonly limit: number
  readonly perSeconds: number
  /** How many answers paused the model. */
  readonly answers: number
  /** How much had been started in such a window before an answer: at least, and at most. */
  readonly least: number
  readonly most: number
  /** The most in a window after which no answer came. */
  readonly calm: number
  /** How long was looked at, in microseconds. */
  readonly period: Micros
}

interface Taken {
  readonly at: Micros
  readonly amount: number
}

interface Start {
  readonly at: Micros
  readonly models: readonly string[]
  /** What it was expected to use, then what it did use. */
  uses: Readonly<Record<string, number>>
}

interface Answers {
  count: number
  /** The first of each pause: those that come while the model is paused say nothing new. */
  readonly first: Micros[]
  until: Micros
}

/** Goes through a part of the log. */
export class LimitWatch {
  readonly #starts: Start[] = []
  readonly #uses = new Map<string, Start['uses']>()
  readonly #last = new Map<string, Start>()
  readonly #answers = new Map<string, Answers>()
  #from: Micros | undefined
  #upTo = 0

  see(event: RecordedEvent): void {
    this.#from ??= event.at
    this.#upTo = event.at
    if (event.type === 'queued' && event.spec.uses !== undefined) this.#uses.set(event.jobId, event.spec.uses)
    else if (event.type === 'started') this.#start(event)
    else if (event.type === 'model_paused' && event.reason === 'provider') this.#answer(event)
    else if ('used' in event && event.used !== undefined) this.#settle(event.jobId, event.used)
  }

  #start({ at, jobId, models }: RecordedEvent & { readonly type: 'started' }): void {
    const start = { at, models, uses: this.#uses.get(jobId) ?? {} }
    this.#starts.push(start)
    this.#last.set(jobId, start)
  }

  #settle(jobId: string, used: Start['uses']): void {
    const start = this.#last.get(jobId)
    if (start !== undefined) start.uses = { ...start.uses, ...used }
  }

  #answer({ at, model, until }: RecordedEvent & { readonly type: 'model_paused' }): void {
    const known = this.#answers.get(model) ?? { count: 0, first: [], until: 0 }
    this.#answers.set(model, known)
    known.count++
    if (at > known.until) known.first.push(at)
    known.until = Math.max(known.until, until ?? Number.POSITIVE_INFINITY)
  }

  /** Limits that the policy does not keep yet, one a model: of what explains all of its answers, what varied least before them. */
  limits(policy: Policy): readonly LearnedLimit[] {
    const from = this.#from ?? 0
    const period = this.#upTo - from
    return [...this.#answers].flatMap(([model, { count, first }]) => {
      const starts = this.#starts.filter(({ models }) => models.includes(model))
      const resources = new Set(starts.flatMap(({ uses }) => Object.keys(uses)))
      const found = [null, ...resources].flatMap((resource) => {
        const taken = starts.map(({ at, uses }) => ({
          at,
          amount: resource === null ? 1 : (uses[resource] ?? 0),
        }))
        return explained(taken, first, from).map((window) => ({
          model,
          resource,
          answers: count,
          period,
          ...window,
        }))
      })
      const [best] = found.sort((a, b) => varied(a) - varied(b) || b.perSeconds - a.perSeconds)
      return best === undefined || isKept(policy, best) ? [] : [best]
    })
  }
}

/** What the end of the log teaches. @throws InterlockError `corrupt_log`, `unknown_event` */
export async function learnedLimits(
  { store, queue }: Pick<Opened, 'store' | 'queue'>,
  version: number,
  policy: Policy,
): Promise<readonly LearnedLimit[]> {
  const { archivedSeq, now } = await store.read(queue, version, 1)
  const watch = new LimitWatch()
  const after = Math.max(archivedSeq, version - MOST_EVENTS)
  for await (const { events } of pagesAfter(store, queue, after, { upTo: version }))
    for (const event of events) if (event.at >= now - DAY) watch.see(event)
  return watch.limits(policy)
}

type Evidence = Pick<LearnedLimit, 'limit' | 'perSeconds' | 'least' | 'most' | 'calm'>

const varied = ({ least, most }: Evidence): number => (most - least) / least

/** The windows of which each that ended with an answer had more than any other. @param from when the log that was read begins */
function explained(taken: readonly Taken[], answers: readonly Micros[], from: Micros): readonly Evidence[] {
  const sums = [0]
  for (const { amount } of taken) sums.push((sums.at(-1) ?? 0) + amount)
  const upTo = (at: Micros): number => sums[countUpTo(taken, at)] ?? 0
  return WINDOWS.flatMap((perSeconds) => {
    const length = perSeconds * MICROS_PER_SECOND
    const within = (at: Micros) => upTo(at) - upTo(at - length)
    const counted = apart(answers, length).filter((at) => at - length >= from)
    if (counted.length < LEAST_ANSWERS) return []
    const before = counted.map(within)
    const isCalm = (at: Micros) => !answers.some((answer) => answer >= at && answer <= at + length)
    const calm = Math.max(0, ...taken.filter(({ at }) => isCalm(at)).map(({ at }) => within(at)))
    const [least, most] = [Math.min(...before), Math.max(...before)]
    return least > 1 && calm < least ? [{ limit: least - 1, perSeconds, least, most, calm }] : []
  })
}

/** How many were taken until then, the moment itself included. */
function countUpTo(taken: readonly Taken[], at: Micros): number {
  let [low, high] = [0, taken.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((taken[middle]?.at ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** Those of them that are at least so far from the one before: others would speak of the same starts. */
function apart(answers: readonly Micros[], length: Micros): readonly Micros[] {
  const kept: Micros[] = []
  for (const at of answers) if (at - (kept.at(-1) ?? Number.NEGATIVE_INFINITY) >= length) kept.push(at)
  return kept
}

function isKept(policy: Policy, { model, resource, limit, perSeconds }: LearnedLimit): boolean {
  if (resource !== null)
    return (
      windowsOf(policy, resource)?.some((own) => own.perSeconds >= perSeconds && own.limit <= limit) === true
    )
  const rate = rateOf(policy, model)
  return rate !== undefined && rate.perSeconds >= perSeconds && rate.starts <= limit
}

/** The evidence for a limit, in a sentence. */
export function evidenceText({
  model,
  resource,
  perSeconds,
  answers,
  least,
  most,
  calm,
  period,
}: LearnedLimit): string {
  const what = resource === null ? 'starts' : resource
  const range = least === most ? `${least}` : `${least} to ${most}`
  return `the provider of model ${model} asked to wait ${plural(answers, 'time')} in the last ${duration(period / MICROS_PER_MS)}, each time after ${range} ${what} in ${perSeconds} s; without that ${calm} were the most`
}

/** The command that sets it. */
export function limitCommand({ model, resource, limit, perSeconds }: LearnedLimit): string {
  const rate = `${limit}/${perSeconds}`
  return resource === null
    ? `npx interlock-queue policy set --rate ${forShell(`${model}=${rate}`)}`
    : `npx interlock-queue policy set --uses ${forShell(`${resource}=${rate}`)}`
}
