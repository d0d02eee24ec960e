// Slow, 16 s: bundles the packed package with four bundlers.
/** A server that is bundled works where nothing is installed: what docs/guides/your-app.md#bundlers says. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type InstalledPackage, installPackage } from '../../support/package.ts'

const run = promisify(execFile)
/** Without a driver, until a test adds one. */
let bare: InstalledPackage
beforeAll(async () => {
  bare = await installPackage()
  await writeFile(path.join(bare.folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => bare.remove())

const env = { PATH: process.env['PATH'], DATABASE_URL: 'postgres://127.0.0.1:1/none' }

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
  await getJobCoordinator({ logger: silentLogger }).catch((error) => console.log(error.code, error.message.slice(0, 25)))
}
void serve()`

/** With a store that has its driver; where it is to go there is no database. */
const withPg = `import { createCoordinator, silentLogger } from 'interlock-queue'
import { postgresStore } from 'interlock-queue/postgres'
const store = postgresStore('postgres://127.0.0.1:1/none')
createCoordinator({ store, joinMs: 0, logger: silentLogger }).catch((error) => {
  console.log(error.code, error.message.slice(0, 25))
  return store.close()
})`

/** A folder where nothing is installed. */
async function nowhere(): Promise<string> {
  const folder = await mkdtemp(path.join(path.dirname(bare.folder), 'interlock-bundle-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

const says = async (file: string) =>
  (await run(process.execPath, [file], { cwd: path.dirname(file), env })).stdout

async function byEsbuild(format: 'esm' | 'cjs', contents = server): Promise<string> {
  const outfile = path.join(await nowhere(), format === 'esm' ? 'server.mjs' : 'server.cjs')
  const { errors, warnings } = await esbuild({
    stdin: { contents, resolveDir: bare.folder },
    ...{ bundle: true, platform: 'node', format, outfile, logLevel: 'silent' },
  })
  expect([errors, warnings]).toEqual([[], []])
  return outfile
}

/** @param outDir where the bundle goes; packages that are left out have to be found from there */
async function byVite(outDir: string, ssr: { noExternal?: true }, contents = server): Promise<string> {
  const entry = path.join(bare.folder, 'server.js')
  await writeFile(entry, contents)
  await vite({
    ...{ root: bare.folder, configFile: false, logLevel: 'silent', ssr },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: 'server.mjs' } },
    },
  })
  return path.join(outDir, 'server.mjs')
}

const withoutDriver = 'ran a\nstore_unavailable the driver pg is not inst\n'

describe('without any driver', () => {
  it.each(['esm', 'cjs'] as const)('esbuild makes a server as %s, and it runs', async (format) => {
    expect(await says(await byEsbuild(format))).toBe(withoutDriver)
  })

  it('Vite leaves the packages of a server out', async () => {
    expect(await says(await byVite(path.join(bare.folder, 'dist'), {}))).toBe(withoutDriver)
  })

  it('Vite takes everything in when it is told to', async () => {
    expect(await says(await byVite(await nowhere(), { noExternal: true }))).toBe(withoutDriver)
  })
})

/** The handler's file is an entry of its own, beside the server. */
describe('a handler in a thread', () => {
  const named = server
    .replace(
      "normal: (job) => console.log('ran', job.jobId)",
      "normal: inThread(new URL('./handler.js', import.meta.url))",
    )
    .replace(
      'import { memoryStore }',
      "import { inThread } from 'interlock-queue/threads'\nimport { memoryStore }",
    )
  const handler = `import { NonRetryableError } from 'interlock-queue'
    export default async function handle(job, { progress }) {
      await progress({ half: true })
      console.log('ran', job.jobId, new NonRetryableError('x').name)
    }`
  const written = async () => {
    const entries = { server: named, handler }
    for (const [name, code] of Object.entries(entries))
      await writeFile(path.join(bare.folder, `${name}.js`), code)
    return Object.keys(entries).map((name) => path.join(bare.folder, `${name}.js`))
  }
  const ran = 'ran a NonRetryableError\n'

  it.each([{}, { minify: true }, { minify: true, keepNames: true }])('by esbuild, %o', async (also) => {
    const outdir = await nowhere()
    await writeFile(path.join(outdir, 'package.json'), '{ "type": "module" }')
    await esbuild({
      entryPoints: await written(),
      ...{ bundle: true, platform: 'node', format: 'esm', outdir, logLevel: 'silent', ...also },
    })
    expect(await says(path.join(outdir, 'server.js'))).toContain(ran)
  })

  it('by Vite', async () => {
    const outDir = await nowhere()
    const input = await written()
    await writeFile(path.join(outDir, 'package.json'), '{ "type": "module" }')
    await vite({
      ...{ root: bare.folder, configFile: false, logLevel: 'silent', ssr: { noExternal: true } },
      build: {
        ...{ ssr: true, outDir, emptyOutDir: false },
        rolldownOptions: { input, output: { entryFileNames: '[name].js' } },
      },
    })
    expect(await says(path.join(outDir, 'server.js'))).toContain(ran)
  })
})

describe('with the driver', () => {
  beforeAll(() => bare.add('pg'))
  const withDriver = /^store_unavailable postgres:\/\/127\.0\.0\.1/

  it('esbuild takes it in', async () => {
    expect(await says(await byEsbuild('cjs', withPg))).toMatch(withDriver)
  })

  it('Vite takes it in when it is told to', async () => {
    expect(await says(await byVite(await nowhere(), { noExternal: true }, withPg))).toMatch(withDriver)
  })
})
