import { MICROS_PER_MS, type RecordedEvent } from '../../../../engine/core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import { go, route } from './route.ts'

/** Which events to look for: those of a job, or those that concern a model. */
export interface Whose {
  readonly job: string | null
  readonly model: string | null
}

/** @param modelsOf the models of a job, if an event does not name them itself */
function concerns(
  event: RecordedEvent,
  { job, model }: Whose,
  modelsOf: (jobId: string) => readonly string[],
): boolean {
  if (job !== null) return 'jobId' in event && event.jobId === job
  if (model === null) return true
  if (event.type === 'model_paused' || event.type === 'model_resumed') return event.model === model
  return 'jobId' in event && modelsOf(event.jobId).includes(model)
}

/**
 * The next number, forwards or backwards, at which something happened to the job or model. Null if there is none among the
 * loaded.
 */
export function nextFor(live: LiveQueue, from: number, by: 1 | -1, whose: Whose): number | null {
  const { replica } = live
  const specs = whose.model === null ? new Map() : modelsByJob(live)
  const modelsOf = (jobId: string) => specs.get(jobId) ?? []
  for (let seq = from + by; seq > replica.base && seq <= replica.version; seq += by) {
    const event = replica.event(seq)
    if (event !== undefined && concerns(event, whose, modelsOf)) return seq
  }
  return null
}

/** The models of each job that an event names. */
function modelsByJob({ replica }: LiveQueue): Map<string, readonly string[]> {
  const models = new Map<string, readonly string[]>()
  for (const job of replica.at(replica.base)?.jobs ?? []) models.set(job.jobId, job.spec.models)
  for (const event of replica.events) {
    if (event.type === 'queued') models.set(event.jobId, event.spec.models)
    else if (event.type === 'started') models.set(event.jobId, event.models)
  }
  return models
}

/** Goes one event forwards or backwards. After the last event comes the present. */
export function step(live: LiveQueue, by: number): void {
  const last = live.replica.version
  const from = route.peek().at ?? last
  const to = Math.max(live.first.peek(), from + by)
  go({ at: to >= last ? null : to }, { isStep: true })
}

/** In milliseconds. No pause of a replay is longer. */
const LONGEST_MS = 2_000

/** Plays the log from the moment that is shown. @param speed times as fast as it happened @returns the function that stops it */
export function play(live: LiveQueue, speed: () => number, onEnd: () => void): () => void {
  const { replica } = live
  let at = route.peek().at ?? replica.base
  let frame = 0
  let last = performance.now()
  /** How much of the time until the next event has passed, in milliseconds. */
  let gone = 0
  const tick = (now: number) => {
    gone += (now - last) * speed()
    last = now
    const from = at
    for (;;) {
      const [here, next] = [replica.event(at), replica.event(at + 1)]
      if (next === undefined) break
      const wait = here === undefined ? 0 : (next.at - here.at) / MICROS_PER_MS
      const pause = Math.min(wait, LONGEST_MS * speed())
      if (gone < pause) break
      gone -= pause
      at++
    }
    if (at >= replica.version) {
      go({ at: null }, { isStep: true })
      return onEnd()
    }
    if (at !== from) go({ at }, { isStep: true })
    frame = requestAnimationFrame(tick)
  }
  const begin = async () => {
    if (at <= replica.base) await live.readBack(at)
    at = Math.max(at, replica.base)
    go({ at }, { isStep: true })
    last = performance.now()
    frame = requestAnimationFrame(tick)
  }
  begin().catch(onEnd)
  return () => cancelAnimationFrame(frame)
}
