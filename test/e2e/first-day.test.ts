/** The first day of somebody who has installed the package: a bundle, a signal, a process that has to end. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { startMigrated } from '../supabase/support.ts'
import { type InstalledPackage, installPackage } from '../support/package.ts'

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
  await symlink(main, path.join(bin, 'interlock'))
  await chmod(main, 0o755)
  await writeFile(path.join(bare.folder, 'handlers.mjs'), slow)
})
afterAll(() => bare.remove())

const env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`, HOME: process.env['HOME'] }

/** Runs long enough to be told to stop in the middle. */
const slow = `import { setTimeout as sleep } from 'node:timers/promises'
export default { normal: async () => { console.log('begun'); await sleep(1_500); console.log('done') } }`

const server = `import { createCoordinator, createJobWorker, getJobCoordinator, silentLogger } from 'interlock-queue'
import { memoryStore } from 'interlock-queue/memory'
async function serve() {
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  const worker = createJobWorker({ coordinator, handlers: { normal: (job) => console.log('ran', job.jobId) } })
  worker.start()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  while (worker.metrics().completed < 1) await new Promise((resolve) => setTimeout(resolve, 5))
  await worker.drain()
  await coordinator.close()
  // It says which store it took once it has the driver; the server that it would wait for does not exist.
  const told = { ...silentLogger, info: (line) => { console.log(line); process.exit() } }
  await getJobCoordinator({ logger: told }).catch((error) => console.log(error.code, error.message.slice(0, 25)))
}
void serve()`

/** Bundles with what is installed there, and runs the bundle where nothing is. */
async function bundled(folder: string, source: string, format: 'esm' | 'cjs'): Promise<string> {
  const alone = await mkdtemp(path.join(path.dirname(bare.folder), 'interlock-bundle-'))
  onTestFinished(() => rm(alone, { recursive: true }))
  const outfile = path.join(alone, format === 'esm' ? 'server.mjs' : 'server.cjs')
  const { errors, warnings } = await build({
    stdin: { contents: source, resolveDir: folder },
    ...{ bundle: true, platform: 'node', format, outfile, logLevel: 'silent' },
  })
  expect([errors, warnings]).toEqual([[], []])
  const { stdout } = await run(process.execPath, [outfile], {
    cwd: alone,
    env: { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/none' },
  })
  return stdout
}

it.each(['esm', 'cjs'] as const)('a server is bundled as %s without any driver, and runs', async (format) => {
  const said = await bundled(bare.folder, server, format)
  expect(said).toBe('ran a\nstore_unavailable the driver pg is not inst\n')
})

it('a server is bundled with the driver that it has', async () => {
  await bare.add('pg')
  const said = await bundled(bare.folder, server, 'cjs')
  expect(said).toMatch(/^ran a\n\[COORDINATOR\] Using postgres:\/\/127\.0\.0\.1/)
})

/** Starts a worker and resolves when its output says `until`; `over` when the last process that writes to it has ended. */
async function working(command: string, words: readonly string[], handlers = 'handlers', until = 'begun') {
  const url = `pglite:${await mkdtemp(path.join(bare.folder, 'data-'))}`
  await run(process.execPath, [main, 'enqueue', '--url', url, '--job', 'a', '--models', 'm'], {
    cwd: bare.folder,
    env,
  })
  const child = spawn(command, [...words, 'work', '--url', url, '--handler', `./${handlers}.mjs`], {
    cwd: bare.folder,
    env: { ...env, npm_config_update_notifier: 'false' },
  })
  let said = ''
  const over = new Promise<string>((resolve) => child.stdout.once('end', () => resolve(said)))
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (data) => (said += String(data)))
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => String(data).includes(until) && resolve())
    }
  })
  return { child, over }
}

/** The processes below one, the nearest first. */
function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

it('a worker under npx drains when npx is told to stop', async () => {
  const { child, over } = await working('npx', ['interlock'])
  child.kill('SIGTERM')
  expect(await over).toBe('begun\ndone\n')
})

it('a worker drains as the first process of a container', async () => {
  const box = ['--pid', '--fork', '--mount-proc']
  const allowed = spawnSync('unshare', [...box, 'true']).status === 0
  const words = [process.execPath, main]
  // Where no namespace may be made, the same signal to the process itself: it answers it by a handler of its own either way.
  const [command = '', ...rest] = allowed ? ['unshare', ...box, ...words] : words
  const { child, over } = await working(command, rest)
  process.kill((allowed ? childrenOf(child)[0] : child.pid) ?? 0, 'SIGTERM')
  expect(await over).toBe('begun\ndone\n')
})

it('a worker knows the errors of a handler that imports the library', async () => {
  const handlers = `import { NonRetryableError } from 'interlock-queue'
export default { normal: () => { throw new NonRetryableError('no such picture') } }`
  await writeFile(path.join(bare.folder, 'final.mjs'), handlers)
  const { child, over } = await working(process.execPath, [main], 'final', 'failed (non_retryable)')
  child.kill('SIGTERM')
  expect(await over).toBe('')
})

it('a program with a store of its own in a Supabase project ends when it has closed it', async () => {
  await bare.add('@supabase/supabase-js')
  const project = await startMigrated()
  onTestFinished(() => project.close())
  const program = `import { createCoordinator, silentLogger } from 'interlock-queue'
import { projectStore } from 'interlock-queue/supabase'
const store = projectStore(process.env.URL, process.env.KEY)
const coordinator = await createCoordinator({ store, logger: silentLogger })
await coordinator.close()
await store.close()
console.log(Date.now())`
  const file = path.join(bare.folder, 'program.mjs')
  await writeFile(file, program)
  const { stdout } = await run(process.execPath, [file], {
    env: { ...env, URL: project.url, KEY: project.keys.secret },
  })
  expect(Date.now() - Number(stdout)).toBeLessThan(5_000)
})
