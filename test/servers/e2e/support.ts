import { type ChildProcess, spawn } from 'node:child_process'
import { brief } from '../../support/flags.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'

const main = await compiled('src/apps/cli/main.ts')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * `interlock` as a process of its own; it is ended with the test at the latest.
 * @param node the program that runs it
 */
export function start(
  words: readonly string[],
  node = process.execPath,
): {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has said so far. */
  readonly spoken: Readonly<Record<'stdout' | 'stderr', string>>
} {
  const child = spawn(node, [...brief, main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  atEnd(() => void child.kill('SIGKILL'))
  const spoken = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      spoken[name] += text
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...spoken })
    })
  })
  return { child, ended, spoken }
}

/** Runs it to its end and reads its JSON. */
export async function document(words: readonly string[]) {
  const { code, stdout, stderr } = await start([...words, '--json']).ended
  if (stdout === '') throw new Error(`interlock ${words.join(' ')}: exit ${code}\n${stderr}`)
  return { code, stderr, ...JSON.parse(stdout) }
}

/** Looks at the queue from another process until it is as wished, at most a minute. */
export async function statusUntil(url: string, isWished: (status: Status) => boolean): Promise<Status> {
  const giveUp = performance.now() + 60_000
  while (performance.now() < giveUp) {
    const { code, stdout, stderr } = await start(['status', '--url', url, '--json']).ended
    // On a busy machine, making an embedded database can take longer than a look at it waits.
    if (code === 1 && stderr.includes('does not answer')) continue
    if (stdout === '') throw new Error(`interlock status: exit ${code}\n${stderr}`)
    const status = { code, ...JSON.parse(stdout) } as Status
    if (isWished(status)) return status
  }
  throw new Error(`the queue at ${url} never came to be as wished`)
}

export interface Status {
  readonly code: number
  readonly status: string
  readonly activeCount: number
  readonly waitingCount: number
  readonly active: readonly { readonly jobId: string; readonly workerId: string }[]
  readonly workers: readonly { readonly state: string }[]
}
