import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Identifies a process. The system reuses numbers, but not a number together with a start. */
export interface ProcessId {
  readonly pid: number
  /** When it started, in any unit of this system; empty if the system does not say. */
  readonly started: string
}

export async function thisProcess(): Promise<ProcessId> {
  return { pid: process.pid, started: await startOf(process.pid) }
}

export async function isRunning({ pid, started }: ProcessId): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, but as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = await startOf(pid)
  return now === started || now === '' || started === ''
}

/** Linux counts clock ticks since boot; elsewhere `ps` gives the date. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in parentheses, may contain anything. The start is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])
    return ps.then(
      ({ stdout }) => stdout.trim(),
      () => '',
    )
  }
}
