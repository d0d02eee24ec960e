import { filter, firstValueFrom, map, merge, type Observable, share } from 'rxjs'
import type { Coordinator, EndOptions } from '../../src/engine/coordinator/index.ts'
import type { Started } from '../../src/engine/core/index.ts'

export interface Drained {
  /** Jobs that this process ran. */
  readonly ended: number
  /** From the call to the end of the last, in milliseconds. */
  readonly elapsedMs: number
  /** From the end of a job to the handler of the next in the same slot, in milliseconds. */
  readonly handOffMs: readonly number[]
}

/**
 * Runs jobs until none is left in the queue, in so many slots, with a handler that does nothing: what is measured is
 * the queue alone. Each end takes the next job in the same call; an idle slot waits to be told that there is something.
 *
 * @param most stops after about so many
 * @param handle what is done of a job, and what it comes to
 */
export async function drain(
  coordinator: Coordinator,
  slots: number,
  most = Number.POSITIVE_INFINITY,
  handle: (job: Started) => Promise<EndOptions> = async () => ({}),
): Promise<Drained> {
  const claim = { max: 1, kinds: null }
  const handOffMs: number[] = []
  const from = performance.now()
  let ended = 0
  let lastAt = from
  const enough = () => ended >= most
  const news$ = newsOf(coordinator, enough)
  const run = async (first: Started) => {
    for (let job: Started | undefined = first; job !== undefined; ) {
      const end = await handle(job)
      const endsAt = performance.now()
      const also = enough() ? {} : { claim }
      const next: Started | undefined = (await coordinator.complete(job.lease, { ...end, ...also }))[0]
      lastAt = performance.now()
      if (next !== undefined) handOffMs.push(lastAt - endsAt)
      ended++
      job = next
    }
  }
  const slot = async () => {
    while (!isEmpty(coordinator) && !enough()) {
      const [first] = await coordinator.claim(claim)
      if (first !== undefined) await run(first)
      else if (!isEmpty(coordinator) && !enough()) await firstValueFrom(news$, { defaultValue: undefined })
    }
  }
  await Promise.all(Array.from({ length: slots }, slot))
  return { ended, elapsedMs: lastAt - from, handOffMs }
}

function isEmpty(coordinator: Coordinator): boolean {
  const { activeCount, waitingCount } = coordinator.state()
  return activeCount + waitingCount === 0
}

/** There may be something to start, or nothing is left to wait for. Looked for once, however many slots wait. */
function newsOf(coordinator: Coordinator, enough: () => boolean): Observable<void> {
  const over$ = coordinator.events$.pipe(
    filter(({ type }) => type === 'completed' && (enough() || isEmpty(coordinator))),
    map(() => undefined),
  )
  return merge(coordinator.wake$, over$).pipe(share())
}
