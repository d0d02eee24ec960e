import { createHash } from 'node:crypto'
import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { bounds, InterlockError, type RecordedEvent } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { firstLedger } from '../../../tools/history/index.ts'
import { eachEvent } from '../../../tools/history/read-events.ts'
import { Interrupted } from '../failure.ts'
import type { Frame } from '../frame.ts'
import type { LeaseTimes } from '../lease-flags.ts'
import { hasPolicyFlags, type PolicyFlags, runPolicy } from '../policy-flags.ts'
import { progressOf } from '../terminal/progress.ts'
import type { Workload, WorkloadJob } from '../workload/line.ts'
import { enqueueAll } from './enqueue-all.ts'
import { type RunReport, reportOf } from './report.ts'
import { RunLog } from './run-log.ts'
import { type RunWorker, type RunWorkerOptions, startRunWorker } from './worker.ts'
import { WorkerProcesses } from './worker-processes.ts'

export interface RunFileOptions {
  readonly policy: PolicyFlags
  /** Of every process of the run. */
  readonly times?: LeaseTimes
  /** Real seconds per second of the file. */
  readonly timeScale: number
  /** Jobs at once per process; as many as the policy allows unless given. */
  readonly concurrency: number | undefined
  readonly processes: number
}

/** Jobs at once if the policy sets no limit: sleeping costs nothing, but real work would. */
const UNLIMITED_SLOTS = 64
/** The most slots of one worker. */
const MOST_SLOTS = 100_000

/** Takes the jobs of a file through workers until all have ended, and judges the result by the log. */
export async function run(
  frame: Frame,
  store: LogStore,
  coordinator: Coordinator,
  workload: Workload,
  options: RunFileOptions,
): Promise<RunReport> {
  const { jobs } = workload
  const kind = runKind(jobs)
  const log = new RunLog(kind, jobs.length)
  const done = Promise.withResolvers<void>()
  let wanted = Number.POSITIVE_INFINITY
  const progress = progressOf(frame, 'jobs ended', jobs.length)
  const stopFollowing = await followRun(frame, store, coordinator, log, () => {
    progress.update(log.ended)
    if (log.state === 'finished' && log.run === wanted) done.resolve()
  })
  wanted = log.wanted
  frame.signal.addEventListener('abort', () => done.reject(new Interrupted()))
  // The first error is reported. An abort before anybody awaits it must not end the process.
  done.promise.catch(() => {})
  try {
    const policy = await settle(frame, coordinator, log, options)
    await enqueueMissing(frame, coordinator, log, workload, kind, options.timeScale)
    const workers = startWorkers(frame, options, {
      coordinator,
      kind,
      slots: options.concurrency ?? Math.min(policy.maxActive ?? UNLIMITED_SLOTS, MOST_SLOTS),
      sleepMs: new Map(jobs.map((job) => [job.input.jobId, job.seconds * options.timeScale * 1_000])),
      onError: done.reject,
    })
    await done.promise.finally(() => workers.stop())
    progress.stop()
    return await reportOf(frame, store, log, jobs, { policy, timeScale: options.timeScale })
  } finally {
    progress.stop()
    stopFollowing()
  }
}

/** Prints what will happen, and sets the policy. */
async function settle(frame: Frame, coordinator: Coordinator, log: RunLog, { policy }: RunFileOptions) {
  const { status } = coordinator.state()
  if (status === 'draining') {
    throw new InterlockError(
      'aborted',
      'the queue is draining, so nothing would start; run `npx interlock-queue resume`',
    )
  }
  if (log.state === 'unfinished') {
    frame.note(
      `going on with an unfinished run: ${log.ended} jobs have ended; the time will count the pause too`,
    )
  }
  const wanted = runPolicy(policy, coordinator.state().policy)
  if (hasPolicyFlags(policy)) await coordinator.setPolicy(wanted)
  return wanted
}

async function enqueueMissing(
  frame: Frame,
  coordinator: Coordinator,
  log: RunLog,
  { file, jobs }: Workload,
  kind: string,
  timeScale: number,
): Promise<void> {
  const missing = jobs.filter(({ input }) => !log.hasQueued(input.jobId))
  try {
    await enqueueAll(
      frame,
      coordinator,
      missing.map((job) => ({ ...job.input, kind, timeoutMs: timeLimitMs(job, timeScale) })),
    )
  } catch (error) {
    if (!(error instanceof InterlockError) || error.code !== 'job_exists') throw error
    throw new InterlockError(
      'job_exists',
      `${file}: ${error.message.split(';')[0]}, from another file or another --limit; let that run end first, or use another --queue`,
    )
  }
}

/** Far longer than the file gives the job, and an hour at least: only a worker that hangs is stopped. */
function timeLimitMs({ seconds }: Workload['jobs'][number], timeScale: number): number {
  return Math.min(bounds.durationMs, Math.max(3_600_000, Math.ceil(seconds * timeScale * 2_000)))
}

function startWorkers(
  frame: Frame,
  { processes, times = {} }: RunFileOptions,
  worker: RunWorkerOptions,
): RunWorker {
  return processes === 1 ? startRunWorker(worker) : new WorkerProcesses(frame, { processes, times }, worker)
}

/**
 * The kind of a run's jobs: a hash of the file's content. So the log itself shows which jobs are of this file, under any name and
 * in any folder. Workers of a run never take other jobs of the queue, and other workers never take theirs.
 */
export function runKind(jobs: readonly WorkloadJob[]): string {
  const hash = createHash('sha256')
  for (const { input, seconds } of jobs) {
    const { jobId, jobType, models, priority, kind, payload } = input
    const more = kind === undefined && payload === undefined ? [] : [kind ?? null, payload ?? null]
    hash.update(`${JSON.stringify([jobId, jobType, models, priority, seconds, ...more])}\n`)
  }
  return `run:${hash.digest('hex').slice(0, 16)}`
}

/** Shows a run everything in the log, then every new event, each once and in order. Returns how to stop. */
async function followRun(
  frame: Frame,
  store: LogStore,
  coordinator: Coordinator,
  run: RunLog,
  onChange: () => void,
): Promise<() => void> {
  const held: RecordedEvent[] = []
  let live = false
  const { version } = coordinator.state()
  const watch = coordinator.events$.subscribe((event) => {
    if (!live) return void held.push(event)
    run.push(event)
    onChange()
  })
  const access = opened(frame.access(store))
  const first = await firstLedger(access)
  if ([...first.jobs].some(({ spec }) => spec.kind === run.kind)) throw begunBefore(frame, first.version)
  await eachEvent(access, 'looking for an unfinished run', (event) => run.push(event), {
    after: first.version,
    upTo: version,
  })
  for (const event of held) run.push(event)
  live = true
  return () => watch.unsubscribe()
}

/** Only the archived events know which of the jobs have ended, and to run all of them again would be wrong. */
function begunBefore({ queue }: Frame, through: number): InterlockError {
  return new InterlockError(
    'archived',
    `the log of queue ${queue} was archived up to event ${through}, in the middle of a run of this file; let its jobs end with \`npx interlock-queue work\`, or use another --queue`,
    { seq: through },
  )
}
