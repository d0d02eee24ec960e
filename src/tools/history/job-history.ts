import { InterlockError, invalidInput, type RecordedEvent } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { type Access, opened } from './access.ts'
import { orCut } from './fold.ts'
import { eachEvent } from './read-events.ts'

/** Ids that a message names when several begin alike. */
const NAMED = 5

/** The only one of these ids; undefined: there is none. @throws InterlockError `invalid_input` if there are several */
export function onlyOne(text: string, ids: readonly string[]): string | undefined {
  if (ids.length <= 1) return ids[0]
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : ''
  const named = ids.toSorted().slice(0, NAMED).join(', ')
  throw invalidInput(
    `${text}: ${ids.length} job ids begin with it: ${named}${more}; type more of the one you mean`,
  )
}

export interface JobHistory {
  readonly jobId: string
  /** The events of its last life. */
  readonly events: readonly RecordedEvent[]
}

/**
 * The events of the job with this id, or of the only one whose id begins with it.
 * @param live ids of live jobs that begin with it: the log may have lost their first events
 * @throws InterlockError `job_not_live`; `invalid_input` if several ids begin with it
 */
export async function historyOf(
  given: Access,
  text: string,
  live: readonly string[] = [],
): Promise<JobHistory> {
  const access = opened(given)
  checkCall('historyOf', text, live)
  const { queue } = access
  const after = await orCut(access, 0)
  const seen = new Beginnings(text, live)
  await eachEvent(access, 'searched', (event) => seen.see(event), { after })
  const found = seen.found()
  if (found !== undefined) return found
  if (after === 0) throw unknownJob(queue, text)
  throw new InterlockError(
    'job_not_live',
    `queue ${queue} has no event of job ${text} after event ${after}, and older events are archived; look into the archive file: npx interlock-queue log --limit 1000000 --from-archive <file>`,
  )
}

/** Nobody has ever put such a job in line. */
export const unknownJob = (queue: string, text: string): InterlockError =>
  new InterlockError(
    'job_not_live',
    `queue ${queue} has never heard of job ${text}; compare the id with npx interlock-queue jobs, or name the queue that it is in: --queue <name>`,
  )

/** Keeps the events of a single candidate. Of several, which cannot be told apart, it keeps the ids alone. */
class Beginnings {
  readonly #text: string
  readonly #ids: Set<string>
  #exact: RecordedEvent[] = []
  #first: RecordedEvent[] = []

  constructor(text: string, live: readonly string[]) {
    this.#text = text
    this.#ids = new Set(live)
  }

  see(event: RecordedEvent): void {
    if (!('jobId' in event)) return
    const { jobId } = event
    if (jobId === this.#text) this.#exact = grown(this.#exact, event)
    else if (jobId.startsWith(this.#text)) {
      this.#ids.add(jobId)
      if (this.#ids.size === 1) this.#first = grown(this.#first, event)
    }
  }

  found(): JobHistory | undefined {
    if (this.#exact.length > 0) return { jobId: this.#text, events: this.#exact }
    const jobId = onlyOne(this.#text, [...this.#ids])
    return jobId === undefined ? undefined : { jobId, events: this.#first }
  }
}

/** A job that is queued again begins a new life. */
function grown(events: RecordedEvent[], event: RecordedEvent): RecordedEvent[] {
  if (event.type === 'queued') return [event]
  events.push(event)
  return events
}
