import {
  concat,
  defer,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  from,
  map,
  NEVER,
  Observable,
  of,
  race,
  Subscription,
  takeWhile,
} from 'rxjs'
import {
  archived,
  explainLive,
  InterlockError,
  type Ledger,
  type LiveExplanation,
  type Micros,
  type RecordedEvent,
} from '../../core/index.ts'
import type { LogPage } from '../../store/index.ts'

/** What streams read from: pages of the log, and the events that this process folds. */
export interface StreamSource {
  /** The next events after this number, at most some thousand; none at the end of the log. */
  readonly read: (after: number) => Observable<readonly RecordedEvent[]>
  /** The version up to which this process has folded the log, at this very moment. */
  readonly version: () => number
  /** Every event, in the moment in which it is folded. */
  readonly live$: Observable<RecordedEvent>
}

/**
 * Every event after a number: first the log, page by page, then each new event. The two join at one sequence number, and no other
 * code runs between them, so no event is left out and none comes twice.
 *
 * The next page is read when the one before it was taken. If the subscriber takes events at once (an Observable has no other
 * way), one page is in memory. If it needs time for each event, use {@link pullEvents}.
 */
export function eventsFrom(source: StreamSource, after: number): Observable<RecordedEvent> {
  return new Observable((subscriber) => {
    const reading = new Subscription()
    let at = after
    const take = (event: RecordedEvent) => {
      if (event.seq !== at + 1) return subscriber.error(gapBefore(at + 1))
      at = event.seq
      subscriber.next(event)
    }
    const join = () => {
      const live = source.live$.pipe(filter(({ seq }) => seq > at)).subscribe({
        next: (event) => {
          if (event.seq === at + 1 || source.version() <= at) return take(event)
          // The process has skipped events that were archived: only the store has them.
          reading.remove(live)
          live.unsubscribe()
          readOn()
        },
        complete: () => subscriber.complete(),
      })
      reading.add(live)
    }
    const readOn = () => {
      if (at >= source.version()) return join()
      const before = at
      const page = source.read(at).subscribe({
        next: (events) => {
          for (const event of events) if (!subscriber.closed) take(event)
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          reading.remove(page)
          if (subscriber.closed) return
          if (at === before) subscriber.error(gapBefore(at + 1))
          else readOn()
        },
      })
      reading.add(page)
    }
    readOn()
    return reading
  })
}

/**
 * Every event after a number, for code that needs time for each. The next page is read when the last event of this one was taken, so one page
 * is in memory however far behind the reader is. Ends with the coordinator, or with the signal.
 */
export async function* pullEvents(
  source: StreamSource,
  after: number,
  changes$: Observable<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<RecordedEvent, void, undefined> {
  const aborted$ = signal === undefined ? NEVER : abortOf(signal)
  const isAborted = () => signal?.aborted === true
  let at = after
  for (let open = true; open && !isAborted(); ) {
    const known = source.version()
    if (at >= known) {
      const grown$ = changes$.pipe(
        map(() => true),
        filter(() => source.version() > at),
      )
      open = await firstValueFrom(race(grown$, aborted$), { defaultValue: false })
      continue
    }
    const page = await firstValueFrom(source.read(at), { defaultValue: [] })
    if (page.length === 0) throw gapBefore(at + 1)
    for (const event of page) {
      if (isAborted()) return
      if (event.seq !== at + 1) throw gapBefore(at + 1)
      at = event.seq
      yield event
    }
  }
}

const abortOf = (signal: AbortSignal): Observable<boolean> =>
  new Observable((subscriber) => {
    const abort = () => {
      subscriber.next(false)
      subscriber.complete()
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  })

/**
 * Why a job waits, or that it runs: now, and again after each change. Completes when the job is no longer live, at once if it is
 * not.
 */
export function standingOf(
  jobId: string,
  ledger: () => Ledger,
  now: () => Micros,
  changes$: Observable<unknown>,
): Observable<LiveExplanation> {
  const look = () => explainLive({ ledger: ledger(), now: now(), workers: null }, jobId)
  return defer(() => concat(of(look()), changes$.pipe(map(look)))).pipe(
    takeWhile((standing) => standing !== undefined),
    distinctUntilChanged((a, b) => contentOf(a) === contentOf(b)),
  )
}

/** Two explanations with the same key are the same to a subscriber. */
const contentOf = ({ state, code, blockedBy, ahead, reason, chain }: LiveExplanation): string =>
  JSON.stringify([state, code, blockedBy, ahead, reason, chain])

/** Pages of a store, for a stream. Error: `archived` if events were archived and not kept. */
export const pagesOf =
  (
    queue: string,
    read: (after: number) => Promise<Pick<LogPage, 'events' | 'archivedSeq'>>,
  ): StreamSource['read'] =>
  (after) =>
    defer(() => from(read(after))).pipe(
      map(({ events, archivedSeq }) => {
        if (events.length === 0 && archivedSeq > after) throw archived(queue, archivedSeq)
        return events
      }),
    )

function gapBefore(seq: number): InterlockError {
  return new InterlockError(
    'corrupt_log',
    `event ${seq} is not in the log, though later ones are; stop the workers and run \`npx interlock-queue verify\``,
    { seq },
  )
}
