import {
  catchError,
  concat,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  from,
  mergeMap,
  Observable,
  of,
  take,
  takeUntil,
  throwError,
} from 'rxjs'
import {
  type Ending,
  type Explanation,
  endings,
  InterlockError,
  isPassing,
  type Json,
  jobOf,
  MICROS_PER_MS,
  type Micros,
  outcomeOf,
  type RecordedEvent,
} from '../core/index.ts'
import type { JobData } from '../store/index.ts'
import type { JobEnd } from './api/calls.ts'
import type { LogView } from './replica/log-view.ts'

/** After this many milliseconds a job that was submitted and is not in line yet is looked for again. */
const SUBMITTED_MS = 1_000

type End = Pick<JobEnd, 'jobId' | 'outcome' | 'standsFor'> & { readonly at: Micros }

/** What the streams of a job are made from. */
export interface JobSources {
  readonly log: Pick<LogView, 'after' | 'ledger'>
  readonly explain: (jobId: string) => Promise<Explanation | undefined>
  readonly data: (jobId: string) => Promise<JobData | undefined>
  /** The progress that a running attempt notes. */
  readonly progress: (jobId: string) => Observable<Json>
  readonly events$: Observable<RecordedEvent>
  readonly changes$: Observable<unknown>
}

/** How a job ended, once it has: with its result. */
export function endedOf(sources: JobSources, jobId: string): Observable<JobEnd> {
  return endOf(sources, jobId).pipe(
    mergeMap(async ({ at, ...end }) => {
      const data = await sources.data(jobId)
      const kept = { result: data?.result ?? null, error: data?.error ?? null }
      return { ...end, at: new Date(at / MICROS_PER_MS), ...kept }
    }),
  )
}

function endOf(sources: JobSources, jobId: string): Observable<End> {
  const { explain, events$ } = sources
  return defer(() => {
    if (!isLive(sources, jobId))
      return from(explain(jobId)).pipe(mergeMap((found) => endFound(sources, jobId, found)))
    return events$.pipe(
      mergeMap((event) => ('jobId' in event && event.jobId === jobId ? endIn(event) : [])),
      take(1),
    )
  })
}

/** It was not live a moment ago. */
function endFound(sources: JobSources, jobId: string, found: Explanation | undefined): Observable<End> {
  if (found?.state === 'waiting' || found?.state === 'active') return endOf(sources, jobId)
  if (found?.state === 'submitted')
    return pause(sources, SUBMITTED_MS).pipe(mergeMap(() => endOf(sources, jobId)))
  if (found === undefined || !isEnding(found.code)) return throwError(() => unknownEnd(jobId, found))
  const { code, since } = found
  const standsFor = 'standsFor' in found ? found.standsFor : undefined
  return of({ jobId, outcome: code, at: since ?? 0, ...(standsFor === undefined ? {} : { standsFor }) })
}

function endIn(event: RecordedEvent & { readonly jobId: string }): readonly End[] {
  const outcome = outcomeOf(event)
  return outcome === null ? [] : [{ jobId: event.jobId, outcome, at: event.at }]
}

const isEnding = (code: unknown): code is Ending => (endings as readonly unknown[]).includes(code)

const unknownEnd = (jobId: string, found: Explanation | undefined): InterlockError =>
  new InterlockError(
    'job_not_live',
    `job ${jobId} has no end that is known: ${found?.reason ?? 'nobody has ever heard of it'}; compare the id`,
  )

/** What the running attempt has noted last, and each time that it is another. Ends with the job. */
export function progressOf(sources: JobSources, jobId: string): Observable<Json> {
  const gone$ = sources.changes$.pipe(filter(() => !isLive(sources, jobId)))
  const running$ = defer(() =>
    isLive(sources, jobId) ? sources.progress(jobId).pipe(takeUntil(gone$)) : EMPTY,
  )
  return concat(running$, noted(sources, jobId)).pipe(
    distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
  )
}

/** The last note. A failure that passes tells nothing. */
const noted = ({ data }: JobSources, jobId: string): Observable<Json> =>
  defer(() => data(jobId)).pipe(
    mergeMap((kept) => (kept?.progress == null ? [] : [kept.progress])),
    catchError((error) => (isPassing(error) ? EMPTY : throwError(() => error))),
  )

const isLive = ({ log }: JobSources, jobId: string): boolean => jobOf(log.ledger, jobId) !== undefined

/** By the queue's time. */
const pause = ({ log }: JobSources, ms: number): Observable<void> =>
  new Observable((subscriber) =>
    log.after(ms, () => {
      subscriber.next()
      subscriber.complete()
    }),
  )
