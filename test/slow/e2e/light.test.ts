// Slow: weighs the packed package.
/** What the package asks npm to install, and what its command brings itself. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { brief } from '../../support/flags.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'

/** Without the embedded database, as `npm install --omit=optional` leaves it. */
let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage([], { optional: false })
})
afterAll(() => installed.remove())

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function node(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Said> {
  const env = { PATH: process.env['PATH'], ...variables }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...brief, ...words],
      { cwd: installed.folder, env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}
const command = (words: readonly string[], variables?: Readonly<Record<string, string>>) =>
  node([path.join(installed.unpacked, manifest.bin.interlock), ...words], variables)

it('says what is missing where the embedded database was left out, and works without it', async () => {
  const refused = await command(['enqueue', '--job', 'a', '--models', 'm', '--url', 'pglite:here'])
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /the driver @electric-sql\/pglite is not installed\s+to do: run: npm install/,
    ),
  })
  expect(await command(['enqueue', '--job', 'a', '--models', 'm', '--url', 'memory:'])).toMatchObject({
    code: 0,
    stderr: '',
  })
})

it('is bundled where the embedded database was left out', async () => {
  const outfile = path.join(installed.folder, 'bundle.mjs')
  const contents = `import { createCoordinator, silentLogger } from 'interlock-queue'
    import { memoryStore } from 'interlock-queue/memory'
    import { pgliteStore } from 'interlock-queue/pglite'
    const open = (store) => createCoordinator({ store, logger: silentLogger, joinMs: 100 })
    await (await open(memoryStore())).close()
    await open(pgliteStore('memory://')).catch((error) => console.log(error.message))`
  const { errors, warnings } = await build({
    stdin: { contents, resolveDir: installed.folder },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'silent' },
  })
  expect([errors, warnings]).toEqual([[], []])
  const { stdout } = await node([outfile])
  expect(stdout).toContain('the driver @electric-sql/pglite is not installed')
})

it('brings the licence of each package that is bundled', () => {
  const licences = readFileSync(path.join(installed.unpacked, 'dist', 'THIRD_PARTY_LICENSES'), 'utf8')
  const chunks = globSync('dist/{cli,shared}/*.js', { cwd: installed.unpacked })
  const bundled = new Set(
    chunks.flatMap((file) =>
      [
        ...readFileSync(path.join(installed.unpacked, file), 'utf8').matchAll(
          /^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm,
        ),
      ].map((match) => match[1] ?? ''),
    ),
  )
  expect([...bundled]).toEqual(expect.arrayContaining(['commander', 'd3-scale', 'rxjs', 'ws', 'zod']))
  expect([...bundled].filter((name) => !licences.includes(`\n${name} `))).toEqual([])
})

it('makes no traces where OpenTelemetry is not installed, and does where it is', async () => {
  const program = (entry: string) => [
    '--input-type=module',
    '--eval',
    `import { createCoordinator, silentLogger } from 'interlock-queue'
    import { memoryStore } from 'interlock-queue/memory'
    ${entry}
    const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger, telemetry })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    await coordinator.close()
    console.log('put in line')`,
  ]
  const without = program('const telemetry = undefined')
  const traced = program(
    "import { openTelemetry } from 'interlock-queue/otel'; const telemetry = openTelemetry()",
  )
  expect(await node(without)).toMatchObject({ code: 0, stdout: 'put in line\n' })
  expect(await node(traced)).toMatchObject({ stderr: expect.stringContaining("'@opentelemetry/api'") })
  await installed.add('@opentelemetry/api')
  expect(await node(traced)).toMatchObject({ code: 0, stdout: 'put in line\n' })
})

it('shows its help without loading the library', async () => {
  const told = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) })`)}`
  const main = path.join(installed.unpacked, manifest.bin.interlock)
  const { stdout, stderr } = await node(['--import', told, main, '--help'])
  expect(stdout).toContain('Usage: interlock')
  const library = stderr
    .split('\n')
    .filter((url) => /dist\/(src|shared)\/|node_modules\/(?!interlock-queue\/)/.test(url))
  expect(library[0]).toContain('/package-version.js')
  // What it shares with the other modules: the version itself.
  const texts = library.slice(1).map((url) => readFileSync(new URL(url), 'utf8'))
  expect(texts.join('').length).toBeLessThan(1_000)
})

/** A program of the published library that works on one job and prints a line for it, after these words. */
const working = (before: string) => [
  '--input-type=module',
  '--eval',
  `${before}
  const { createCoordinator, createJobWorker, silentLogger } = await import('interlock-queue')
  const { memoryStore } = await import('interlock-queue/memory')
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  const { promise, resolve } = Promise.withResolvers()
  const worker = createJobWorker({ coordinator, handlers: { normal: (job) => resolve(job.jobId) } })
  worker.start()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  console.log('ran', await promise)
  await worker.drain()`,
]

it('loads no more than the parts that a worker needs, and no language data', async () => {
  const told = `import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    process.once('exit', () => console.log(JSON.stringify(loaded)))
    for (const part of [Number, Date, Array]) part.prototype.toLocaleString = () => { throw new Error('language data') }
    globalThis.Intl = undefined`
  const { stdout, stderr } = await node([
    ...working(told).slice(0, 2),
    `${working(told)[2]}\nawait coordinator.close()`,
  ])
  const [ran, loaded = '[]'] = stdout.split('\n')
  expect([stderr, ran]).toEqual(['', 'ran a'])
  const files = (JSON.parse(loaded) as string[]).filter((url) => url.startsWith('file:'))
  expect(files.filter((url) => /node_modules\/(zod|rxjs)\//.test(url))).toEqual([])
  expect(files.length).toBeLessThan(50)
  const text = files.map((url) => readFileSync(new URL(url), 'utf8')).join('')
  expect(text.length).toBeLessThan(1_660_000)
})

it('gives streams that the operators of the own rxjs of a program take', async () => {
  const program = `${working('')[2]}
    const { combineLatest, firstValueFrom, from, isObservable, map, of, switchMap, take, toArray } = await import('rxjs')
    const { state$, events$ } = coordinator
    const types = firstValueFrom(events$.pipe(map(({ type }) => type), take(2), toArray()))
    await coordinator.enqueue([{ jobId: 'b', models: ['m'], runAt: new Date(Date.now() + 60_000) }])
    await coordinator.cancel('b')
    const both = await firstValueFrom(combineLatest([state$, of('other')]))
    const inner = await firstValueFrom(of(1).pipe(switchMap(() => from(state$))))
    console.log(isObservable(state$), (await types).join(), both[1], both[0].version === inner.version)
    await coordinator.close()`
  const { stdout, stderr } = await node([...working('').slice(0, 2), program])
  expect([stderr, stdout]).toEqual(['', 'ran a\ntrue queued,blocked other true\n'])
})

it('names the source of an error if DEBUG=1 asks for the stack', async () => {
  const { stderr } = await command(['stats', '--since', 'never', '--url', 'memory:'], { DEBUG: '1' })
  expect(stderr).toMatch(/^ +at .*src\/apps\/cli\/\S+\.ts:\d+:\d+/m)
})
