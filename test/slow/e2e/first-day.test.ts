// Slow, 21 s: npx, containers and signals, with the packed package.
/** The first day of somebody who has installed the package: a signal, a process that has to end. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { startMigrated } from '../../servers/supabase/support.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { brief } from '../../support/flags.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'
import { atEnd } from '../../support/this-test.ts'

const run = promisify(execFile)
/** Without a driver, until a test adds one. */
let bare: InstalledPackage
let main: string
beforeAll(async () => {
  bare = await installPackage()
  main = path.join(bare.unpacked, manifest.bin.interlock)
  await writeFile(path.join(bare.folder, 'package.json'), '{ "type": "module" }')
  const bin = path.join(bare.folder, 'node_modules', '.bin')
  await mkdir(bin, { recursive: true })
  for (const name of Object.keys(manifest.bin)) await symlink(main, path.join(bin, name))
  await chmod(main, 0o755)
  await writeFile(path.join(bare.folder, 'handlers.mjs'), slow)
})
afterAll(() => bare.remove())

const env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`, HOME: process.env['HOME'] }

type Logged = readonly { readonly type: string; readonly jobId: string }[]

/** Runs long enough to be told to stop in the middle. */
const slow = `import { setTimeout as sleep } from 'node:timers/promises'
export default { normal: async () => { console.log('begun'); await sleep(1_500); console.log('done') } }`

const interlock = async (url: string, ...args: string[]) =>
  (await run(process.execPath, [...brief, main, ...args, '--url', url], { cwd: bare.folder, env })).stdout

/** A database with two jobs that share a model, made once. */
let filled: Promise<string> | undefined
async function fill(): Promise<string> {
  const folder = path.join(bare.folder, 'filled')
  await embeddedIn(folder)
  const jobs = ['a', 'b'].map((job_id) => JSON.stringify({ job_id, models: ['m'], seconds: 1 }))
  await writeFile(path.join(bare.folder, 'jobs.jsonl'), jobs.join('\n'))
  await interlock(`pglite:${folder}`, 'enqueue', 'jobs.jsonl')
  return folder
}

/**
 * Starts a worker on these jobs, and resolves when it says `until`, as the handler of the first one does. `over`: what was said when the last process that
 * writes to its output has ended; `exit`: the exit code of the process that was started.
 */
async function working(
  [command = '', ...words]: readonly string[],
  more: NodeJS.ProcessEnv = {},
  { handlers = 'handlers', until = 'begun' } = {},
) {
  const data = await mkdtemp(path.join(bare.folder, 'data-'))
  filled ??= fill()
  await cp(await filled, data, { recursive: true })
  const url = `pglite:${data}`
  const options = { cwd: bare.folder, env: { ...env, npm_config_update_notifier: 'false', ...more } }
  const child = spawn(command, [...words, 'work', '--url', url, '--handler', `./${handlers}.mjs`], options)
  let said = ''
  const over = new Promise<string>((resolve) => child.stdout.once('end', () => resolve(said)))
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (data) => (said += String(data)))
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => String(data).includes(until) && resolve())
  })
  return { child, over, exit, url }
}

/** The processes below one, the nearest first. */
function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

it.concurrent('a worker under npx drains when npx is told to stop', async () => {
  const { child, over } = await working(['npx', 'interlock-queue'])
  child.kill('SIGTERM')
  expect(await over).toBe('begun\ndone\n')
})

it.concurrent('npx finds the command by the name of the package, and the demo needs nothing', async () => {
  const cwd = await mkdtemp(path.join(bare.folder, 'empty-'))
  // `--no`: nothing is fetched. In an empty folder below it npm finds what is installed above.
  const child = spawn('npx', ['--no', 'interlock-queue', 'demo'], { cwd, env })
  let said = ''
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await new Promise<void>((resolve) =>
    child.stdout.on('data', (data) => {
      said += String(data)
      // Its first claim was true: cli/demo.test.ts has the rest.
      if (/[✓✗]/u.test(said)) resolve()
    }),
  )
  child.kill('SIGTERM')
  await ended
  expect(said).toContain('✓')
  expect(said).not.toContain('✗')
  expect(await readdir(cwd)).toEqual([])
})

/** What makes a process the first one of a space of its own, as a container does: for root, and for those who may be it in there. */
const asRoot = ['unshare', '--pid', '--fork', '--mount-proc']
const boxes = [asRoot, [...asRoot, '--user', '--map-root-user']]
const box = boxes.find(([command = '', ...words]) => spawnSync(command, [...words, 'true']).status === 0)
const bash = { npm_config_script_shell: 'bash' }

// Where no such space may be made, the signal goes to the same process without one: it answers by a handler of its own either way.
describe.concurrent(`${box === undefined ? 'told to stop without' : 'as the first process of'} a container`, () => {
  it.each([
    ['the worker', () => [process.execPath, ...brief, main], {}],
    ['npx with bash', () => ['npx', 'interlock-queue'], bash],
  ])('%s drains: what runs is completed, nothing starts, the exit code is 0', async (_name, words, more) => {
    const { child, over, exit, url } = await working([...(box ?? []), ...words()], more)
    process.kill((box === undefined ? child.pid : childrenOf(child)[0]) ?? 0, 'SIGTERM')
    expect(await over).toBe('begun\ndone\n')
    expect(await exit).toBe(0)
    const log = JSON.parse(await interlock(url, 'log', '--json')) as Logged
    const told = log.filter(({ type }) => /^(started|completed|requeued|released)$/.test(type))
    expect(told.map(({ type, jobId }) => `${type} ${jobId}`)).toEqual(['started a', 'completed a'])
  })
})

it.concurrent('a worker knows the errors of a handler that imports the library', async () => {
  const handlers = `import { NonRetryableError } from 'interlock-queue'
export default { normal: () => { throw new NonRetryableError('no such picture') } }`
  await writeFile(path.join(bare.folder, 'final.mjs'), handlers)
  const told = { handlers: 'final', until: 'failed (non_retryable)' }
  const { child, over } = await working([process.execPath, ...brief, main], {}, told)
  child.kill('SIGTERM')
  expect(await over).toBe('')
})

it.concurrent('a program with projectStore ends when it has closed it', async () => {
  await bare.add('@supabase/supabase-js')
  const project = await startMigrated()
  atEnd(() => project.close())
  const program = `import { createCoordinator, silentLogger } from 'interlock-queue'
import { projectStore } from 'interlock-queue/supabase'
const store = projectStore(process.env.URL, process.env.KEY)
const coordinator = await createCoordinator({ store, logger: silentLogger })
await coordinator.close()
await store.close()
// Keeps no process alive: it only tells of one that something else keeps alive.
setTimeout(() => console.log('still here'), 20_000).unref()`
  const file = path.join(bare.folder, 'program.mjs')
  await writeFile(file, program)
  const { stdout } = await run(process.execPath, [...brief, file], {
    env: { ...env, URL: project.url, KEY: project.keys.secret },
  })
  expect(stdout).toBe('')
})
