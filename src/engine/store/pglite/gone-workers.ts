import type { Rpc } from '../sql/index.ts'
import { isRunning, type ProcessId } from './process.ts'

/*
 * A process that opens the embedded database knows which workers are dead: those whose process is gone. So a beat adds its
 * process to the release: `0.1.0 ⟨412:88301⟩`.
 */
const mark = / ⟨(\d+):([^⟩]*)⟩$/u

export const marked = (release: string, { pid, started }: ProcessId): string =>
  `${release} ⟨${pid}:${started}⟩`

export const unmarked = (release: string): string => release.replace(mark, '')

function processOf(release: string): ProcessId | null {
  const [, pid, started] = mark.exec(release) ?? []
  return pid === undefined || started === undefined ? null : { pid: Number(pid), started }
}

interface WorkerOfRelease {
  readonly queue: string
  readonly worker_id: string
  readonly release: string
}

/** Ends the leases of workers whose process is gone. Their jobs go on at once, not after ttl and grace. */
export async function endGoneWorkers(rows: readonly WorkerOfRelease[], rpc: Rpc): Promise<void> {
  for (const { queue, worker_id, release } of rows) {
    const process = processOf(release)
    if (process && !(await isRunning(process))) await rpc('job_queue_leave', { queue, worker_id })
  }
}

/** The rows of all live workers, of every queue. */
export const liveWorkers = 'select queue, worker_id, release from interlock.job_queue_workers where not dead'
