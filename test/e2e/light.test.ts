/** What the package asks npm to install, and what its command brings itself. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type InstalledPackage, installPackage } from '../support/package.ts'

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
    execFile(process.execPath, words, { cwd: installed.folder, env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
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

it('brings the licence of each package that is bundled into its command', () => {
  const licences = readFileSync(path.join(installed.unpacked, 'dist', 'THIRD_PARTY_LICENSES'), 'utf8')
  const chunks = globSync('dist/cli/*.js', { cwd: installed.unpacked })
  const bundled = new Set(
    chunks.flatMap((file) =>
      [
        ...readFileSync(path.join(installed.unpacked, file), 'utf8').matchAll(
          /^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm,
        ),
      ].map((match) => match[1] ?? ''),
    ),
  )
  expect([...bundled]).toEqual(expect.arrayContaining(['commander', 'd3-scale', 'jose', 'ws']))
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
    .filter((url) => /dist\/src\/|node_modules\/(?!interlock-queue\/)/.test(url))
  expect(library).toEqual([expect.stringContaining('/package-version.js')])
})

it('names the source of an error if DEBUG=1 asks for the stack', async () => {
  const { stderr } = await command(['stats', '--since', 'never', '--url', 'memory:'], { DEBUG: '1' })
  expect(stderr).toMatch(/^ +at .*src\/cli\/\S+\.ts:\d+:\d+/m)
})
