/** Worker processes as people start them, and what they wrote down themselves. */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Journal } from './journal.ts'

const main = path.resolve(import.meta.dirname, '../../../src/apps/cli/main.ts')

/** Each process writes into a file of its own when its handlers began and ended: the database is not asked. */
const handlers = (folder: string) => `
  import { appendFileSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  const file = ${JSON.stringify(folder)} + '/' + process.pid + '.txt'
  const note = (what, { jobId, models }, token) =>
    appendFileSync(file, [what, performance.timeOrigin + performance.now(), jobId, token, models.join(';')].join(' ') + '\\n')
  async function work(job, { fencingToken, signal }) {
    note('began', job, fencingToken)
    try {
      await sleep(job.payload.ms, undefined, { signal })
    } finally {
      note('ended', job, fencingToken)
    }
  }
  export default { handlers: { '*': work }, concurrency: 6 }`

export interface Workers {
  /** Tells them to end, and gives what each printed on standard error, and its exit code. */
  stop(): Promise<readonly Ended[]>
  /** Those that ended by themselves. */
  ended(): Promise<readonly Ended[]>
  /** Handlers that ran at the same time on one model. */
  overlaps(): Promise<readonly string[]>
  remove(): Promise<void>
}

export interface Ended {
  readonly code: number | null
  readonly printed: string
}

export async function startWorkers(
  count: number,
  url: string,
  flags: readonly string[],
  journal: Journal,
): Promise<Workers> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-drill-workers-'))
  const files = path.join(folder, 'runs')
  await mkdir(files)
  const file = path.join(folder, 'handlers.mjs')
  await writeFile(file, handlers(files))
  const words = ['work', '--handler', file, '--url', url, ...flags]
  const started = Array.from({ length: count }, (_, i) => startOne(words, `worker ${i + 1}`, journal))
  process.once('exit', () => {
    for (const { child } of started) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const lines = async () => {
    const texts = (await readdir(files)).map((name) => readFile(path.join(files, name), 'utf8'))
    return (await Promise.all(texts)).flatMap((text) => text.split('\n')).filter((line) => line !== '')
  }
  const ended = () => Promise.all(started.map((each) => each.ended))
  return {
    stop: () => {
      for (const { child } of started) child.kill('SIGTERM')
      return ended()
    },
    ended,
    overlaps: async () => overlapsIn(await lines()),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function startOne(
  words: readonly string[],
  name: string,
  journal: Journal,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  // In a session of its own: Ctrl-C is for this process, which then ends them.
  const child = spawn(process.execPath, [main, ...words], {
    ...{ stdio: ['ignore', 'ignore', 'pipe'] as const, detached: true },
  })
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    journal.note(name, text)
  })
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, printed })))
  return { child, ended }
}

interface Run {
  readonly job: string
  readonly model: string
  readonly from: number
  readonly to: number
}

/** A handler that has not written its end runs until the last line of all. */
export function overlapsIn(lines: readonly string[]): readonly string[] {
  const last = Math.max(...lines.map((line) => Number(line.split(' ')[1])))
  const runs = new Map<string, Run>()
  for (const line of lines) {
    const [what, at, job = '', token, model = ''] = line.split(' ')
    const run = runs.get(`${job} ${token}`) ?? { job, model, from: 0, to: last }
    runs.set(`${job} ${token}`, what === 'began' ? { ...run, from: Number(at) } : { ...run, to: Number(at) })
  }
  return [...Map.groupBy(runs.values(), ({ model }) => model).values()].flatMap((same) => {
    const inOrder = same.toSorted((a, b) => a.from - b.from)
    return inOrder.flatMap((run, i) => {
      const before = inOrder[i - 1]
      if (before === undefined || before.to <= run.from) return []
      return [`${before.job} and ${run.job} on ${run.model}, ${Math.round(before.to - run.from)} ms`]
    })
  })
}
