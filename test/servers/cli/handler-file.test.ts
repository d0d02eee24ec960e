import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { loadHandlers } from '../../../src/apps/cli/worker/load-handlers.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { jobOf } from '../../../src/engine/core/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { joined, migratedDatabase } from '../contract/support.ts'
import { memoryStore } from '../coordinator/support.ts'
import { interlock } from './support.ts'

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-handlers-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  return folder
}

const fileOf = async (code: string): Promise<string> =>
  path.join(await folderOf({ 'handlers.mjs': `export default ${code}` }), 'handlers.mjs')

/** The kinds that a file has handlers for, or why it has none; by Node itself, since the runner of the tests reads modules in its own way. */
async function loaded(file: string): Promise<string> {
  const script = `
    const { loadHandlers } = await import(${JSON.stringify(path.resolve('src/apps/cli/worker/load-handlers.ts'))})
    const said = await loadHandlers(${JSON.stringify(file)}).then(({ handlers }) => Object.keys(handlers).join(), ({ message }) => message)
    process.stdout.write(said)`
  const words = ['--input-type=module', '--eval', script]
  return (await promisify(execFile)(process.execPath, words)).stdout
}

it.each([
  ['{ handlers: { a: () => 1 }, concurency: 2 }', 'unknown field "concurency" (did you mean concurrency?)'],
  ['{ handlers: { a: () => 1 }, leasMs: 2 }', 'unknown field "leasMs" (did you mean leaseMs?)'],
  ['{ handlers: { a: () => 1 }, concurrency: 0 }', 'concurrency: must be a whole number from 1'],
  ['5', 'has no default export with handlers'],
])('a file that exports %s is refused', async (code, message) => {
  await expect(loadHandlers(await fileOf(code))).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(message),
  })
})

const typescript = 'export default { normal: async (job: { jobId: string }) => job.jobId }'

it.each([
  ['{ "type": "commonjs" }', 'handlers.ts', typescript],
  ['{ "type": "commonjs" }', 'handlers.ts', `import { format } from 'node:util'\n${typescript}`],
  ['{ "type": "commonjs" }', 'handlers.js', 'export default { normal: () => 1 }'],
])(
  'a module in a folder of CommonJS (%s, %s) is refused, and the remedy helps',
  async (manifest, name, code) => {
    const file = path.join(await folderOf({ 'package.json': manifest, [name]: code }), name)
    const renamed = file.replace(/\.(?=[jt]s$)/u, '.m')
    const refused = await loaded(file)
    expect(refused).toContain(`rename it to ${renamed}`)
    expect(refused).toContain(`"type": "module" in ${path.join(path.dirname(file), 'package.json')}`)
    await rename(file, renamed)
    expect(await loaded(renamed)).toBe('normal')
  },
)

it('a handler file with an enum is refused, and the remedy names the ways out', async () => {
  const file = path.join(
    await folderOf({ 'handlers.mts': `enum A { b }\nexport default { normal: () => A.b }` }),
    'handlers.mts',
  )
  expect(await loaded(file)).toContain(
    'Node only strips types; leave out enums, namespaces and parameter properties, or compile',
  )
})

it('a handler file with an option in the place of a handler is refused', async () => {
  const { handlers } = await loadHandlers(await fileOf('{ normal: () => 1, concurrency: 2 }'))
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  onTestFinished(() => coordinator.close())
  expect(() => createJobWorker({ coordinator, handlers })).toThrow(
    'handlers["concurrency"]: must be a function',
  )
})

it('interlock enqueue says what happens to a job without models', async () => {
  const { code, stderr } = await interlock(['enqueue', '--url', 'memory:', '--job', 'x'])
  expect(code).toBe(0)
  expect(stderr).toContain('job x names no models (--models "flux-dev;upscale"): it waits for none')
})

it('interlock enqueue makes the id of a plain job, and says it', async () => {
  const url = await migratedDatabase()
  const put = (...words: string[]) => interlock(['enqueue', ...words, '--url', url])
  const told = await put('--kind', 'mail', '--payload', '{"to":"ada@example.com"}')
  expect(told).toMatchObject({ code: 0, stderr: '' })
  const [, first] = /its id: ([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17})\n/.exec(told.stdout) ?? []
  const { stdout } = await put('--kind', 'mail', '--json')
  const { jobId } = JSON.parse(stdout)
  const { coordinator } = await joined(url)
  const specs = [first, jobId].map((id) => jobOf(coordinator.ledger(), id)?.spec)
  expect(specs).toMatchObject([
    { kind: 'mail', models: [] },
    { kind: 'mail', models: [] },
  ])
  const refused = [await put('--kind', 'mail', '--once', '24h'), await put('--payload', '{}')]
  expect(refused.map(({ code }) => code)).toEqual([2, 2])
  expect(refused.map(({ stderr }) => stderr)).toEqual([
    expect.stringContaining('--once: is how long an id is taken'),
    expect.stringContaining('give either a file or one job: --kind'),
  ])
})

it('interlock enqueue --contract checks kind and payload by the schemas of a file, and takes the models of the kind', async () => {
  const url = await migratedDatabase()
  const file =
    await fileOf(`{ contract: { kinds: undefined, schemas: { draw: { models: ['flux'], payload: { '~standard': {
    version: 1, vendor: 'own',
    validate: (value) => typeof value?.steps === 'number' ? { value } : { issues: [{ message: 'must be a number', path: ['steps'] }] },
  } } } } } }`)
  const put = (...words: string[]) =>
    interlock(['enqueue', '--job', 'a', ...words, '--contract', file, '--url', url])
  const refused = [
    await put('--kind', 'darw', '--payload', '{"steps":4}'),
    await put('--kind', 'draw', '--payload', '{"steps":"4"}'),
  ]
  expect(refused.map(({ code }) => code)).toEqual([2, 2])
  expect(refused.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(/the contract has no kind "darw"\n\s+to do: did you mean draw\?/),
    expect.stringContaining('payload.steps: must be a number (kind draw)'),
  ])
  expect(await put('--kind', 'draw', '--payload', '{"steps":4}')).toMatchObject({ code: 0 })
  const { coordinator } = await joined(url)
  expect(coordinator.state().waiting()).toMatchObject([{ jobId: 'a', models: ['flux'] }])
})
