import { Observable, type Subscriber } from 'rxjs'
import { isPassing, type Json, jobOf } from '../core/index.ts'
import type { DataRole, NotedProgress } from '../store/index.ts'
import { SingleFlight } from './base/concurrency.ts'
import type { LogView } from './replica/log-view.ts'

/** How often the jobs that are followed are looked at, in milliseconds: at hand, and where each call has its price. */
const LOOK_MS = { eager: 1_000, sparing: 5_000 } as const
/** How often while the store tells of each note: it is asked again in time, and a message may get lost. */
const ANNOUNCED_MS = 30_000
/** In one call. */
const MOST = 1_000

type WatchedLog = Pick<LogView, 'queue' | 'after' | 'ledger' | 'looks'>

/**
 * What running attempts note as their progress, for everybody in this process who follows it. The store tells of each note if it can;
 * otherwise one look per interval finds those of all jobs that run and are followed, however many follow them.
 */
export class ProgressWatch {
  readonly #log: WatchedLog
  readonly #store: Pick<DataRole, 'watch'>
  readonly #followers = new Map<string, Set<Subscriber<Json>>>()
  /** Jobs of which a note was announced since the present look began: it is newer than what the look finds. */
  readonly #announced = new Set<string>()
  readonly #looks = new SingleFlight(
    () => this.#look(),
    (error) => this.#fail(error),
  )
  /** Jobs of which the store was asked to tell in the last look, and tells. */
  #asked: ReadonlySet<string> = new Set()
  #isAnnounced = false
  #callOff: () => void = () => {}

  constructor(log: WatchedLog, store: Pick<DataRole, 'watch'>) {
    this.#log = log
    this.#store = store
  }

  /** The present note, and each that comes. Never completes. */
  follow(jobId: string): Observable<Json> {
    return new Observable((subscriber) => {
      const those = this.#followers.get(jobId) ?? new Set()
      this.#followers.set(jobId, those.add(subscriber))
      void this.#looks.request()
      return () => {
        if (those.delete(subscriber) && those.size === 0) this.#followers.delete(jobId)
        if (this.#followers.size === 0) this.#callOff()
      }
    })
  }

  /** A message of the store. Without a note, or its text: look. */
  receive(noted?: NotedProgress): void {
    if (noted === undefined ? this.#followers.size === 0 : !this.#followers.has(noted.jobId)) return
    if (noted?.progress === undefined) return void this.#looks.request()
    this.#announced.add(noted.jobId)
    this.#tell(noted.jobId, noted.progress)
  }

  async #look(): Promise<void> {
    this.#callOff()
    this.#announced.clear()
    const jobIds = [...this.#followers.keys()].filter((jobId) => this.#isAnnounced || this.#isRunning(jobId))
    for (let at = 0; at < jobIds.length; at += MOST) {
      const { isAnnounced, notes } = await this.#store.watch(
        this.#log.queue,
        jobIds.slice(at, at + MOST),
        2 * ANNOUNCED_MS,
      )
      this.#isAnnounced = isAnnounced
      for (const { jobId, progress } of notes)
        if (!this.#announced.has(jobId) && progress !== undefined) this.#tell(jobId, progress)
    }
    // A note that came while the store was asked for the first time may be in neither: so it is asked once more, soon.
    const isSettled = this.#isAnnounced && jobIds.every((jobId) => this.#asked.has(jobId))
    this.#asked = new Set(jobIds)
    this.#lookLater(isSettled ? ANNOUNCED_MS : undefined)
  }

  #isRunning(jobId: string): boolean {
    return jobOf(this.#log.ledger, jobId)?.active === true
  }

  #lookLater(ms: number = this.#log.looks.goesAlong ? LOOK_MS.sparing : LOOK_MS.eager): void {
    if (this.#followers.size === 0) return
    this.#callOff = this.#log.after(ms, () => void this.#looks.request())
  }

  #tell(jobId: string, progress: Json): void {
    for (const follower of this.#followers.get(jobId) ?? []) follower.next(progress)
  }

  /** A failure that passes is left to the next look. */
  #fail(error: unknown): void {
    if (isPassing(error)) return this.#lookLater()
    for (const those of [...this.#followers.values()])
      for (const follower of [...those]) follower.error(error)
  }
}
