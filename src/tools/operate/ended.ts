import {
  type JobOutcome,
  type JobSpec,
  type Micros,
  outcomeOf,
  type RecordedEvent,
} from '../../engine/core/index.ts'
import type { Opened } from '../history/access.ts'
import { orCut } from '../history/fold.ts'
import { eachEvent } from '../history/read-events.ts'

/** How far back in the log jobs that have ended are looked for. Reading so many events takes about a second. */
const MOST_EVENTS = 50_000

/** How the last life of a job ended that came and ended within the newest events. */
export interface EndedJob {
  readonly spec: JobSpec
  readonly outcome: JobOutcome
  readonly end: RecordedEvent
  /** How many attempts were started. */
  readonly attempt: number
}

export interface EndedJobs {
  /** The newest end first. */
  readonly ended: readonly EndedJob[]
  /** The time of the oldest event that was looked at; null: the log is empty. */
  readonly since: Micros | null
}

/** Jobs that came and ended within the newest {@link MOST_EVENTS} events of the log, and are not live again. */
export async function endedIn(access: Opened): Promise<EndedJobs> {
  const { version } = await access.store.rows(access.queue, 0, 1)
  const after = await orCut(access, Math.max(0, version - MOST_EVENTS))
  const lives = new EndedLives()
  await eachEvent(access, 'searched', (event) => lives.see(event), { after, upTo: version })
  return lives.found()
}

class EndedLives {
  readonly #live = new Map<string, { readonly spec: JobSpec; starts: number }>()
  readonly #ended = new Map<string, EndedJob>()
  #since: Micros | null = null

  see(event: RecordedEvent): void {
    this.#since ??= event.at
    if (!('jobId' in event)) return
    const { jobId } = event
    if (event.type === 'queued') {
      this.#ended.delete(jobId)
      this.#live.set(jobId, { spec: event.spec, starts: 0 })
    }
    const life = this.#live.get(jobId)
    if (life === undefined) return
    if (event.type === 'started') life.starts = event.attempt
    const outcome = outcomeOf(event)
    if (outcome === null) return
    this.#live.delete(jobId)
    this.#ended.set(jobId, { spec: life.spec, outcome, end: event, attempt: life.starts })
  }

  found(): EndedJobs {
    return { ended: [...this.#ended.values()].reverse(), since: this.#since }
  }
}
