/** What reads events alone runs in a browser: bundled for one it needs nothing of Node's, and gives what it gives here. */
import path from 'node:path'
import vm from 'node:vm'
import { build, type Metafile } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { emptyLedger } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { Audit, audit } from '../../../src/tools/audit/index.ts'
import { replay } from '../../../src/tools/history/index.ts'

const root = path.resolve(import.meta.dirname, '../../..')

async function bundled(source: string): Promise<{ readonly code: string; readonly metafile: Metafile }> {
  const { outputFiles, metafile, warnings } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    ...{ bundle: true, platform: 'browser', format: 'iife', globalName: 'rooms', write: false },
    ...{ metafile: true, logLevel: 'silent' },
  })
  expect(warnings).toEqual([])
  return { code: outputFiles[0]?.text ?? '', metafile }
}

/** As a browser has it: no process, no Buffer, no require. */
const asInBrowser = () =>
  vm.createContext({
    TextEncoder,
    AbortController,
    AbortSignal,
    performance,
    setTimeout,
    clearTimeout,
    URL,
    crypto,
  })

async function someEvents() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['m'] })))
  const [job] = await coordinator.claim({ max: 1, kinds: null })
  if (job !== undefined) await coordinator.complete(job.lease)
  await coordinator.close()
  return { store, events: (await store.read('default', 0, 100)).events }
}

const statementOf = { queue: 'default', store: 'memory', release: '1', now: 0 }

describe('bundled for a browser', () => {
  it.each(['history', 'audit'])('%s has no module of Node in it', async (room) => {
    const { metafile } = await bundled(`export * from './src/tools/${room}/index.ts'`)
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports)
    expect(imports.length).toBeGreaterThan(0)
    expect(
      imports.filter(({ external, path: name }) => external === true || name.startsWith('node:')),
    ).toEqual([])
  })

  it('the audit finds the same, with the same digest, and a queue is replayed', async () => {
    const { store, events } = await someEvents()
    const { code } = await bundled(
      "export { audit, Audit } from './src/tools/audit/index.ts'; export { replay } from './src/tools/history/index.ts'; export { emptyLedger } from './src/engine/core/index.ts'",
    )
    const context = asInBrowser()
    vm.runInContext(code, context)
    const there = Object.assign(context, { events, statementOf, store })
    const found = vm.runInContext(
      'const sweep = new rooms.Audit(rooms.emptyLedger); for (const event of events) sweep.push(event); JSON.stringify([rooms.audit(events), sweep.statement(statementOf)])',
      there,
    )
    const sweep = new Audit(emptyLedger)
    for (const event of events) sweep.push(event)
    expect(JSON.parse(found)).toEqual(
      JSON.parse(JSON.stringify([audit(events), sweep.statement(statementOf)])),
    )
    const replayed = await vm.runInContext('rooms.replay({ store }, { at: 2 }).then(JSON.stringify)', there)
    expect(JSON.parse(replayed)).toEqual(JSON.parse(JSON.stringify(await replay({ store }, { at: 2 }))))
  })

  it('the sweep of the audit takes nothing along of what decides', async () => {
    const { metafile } = await bundled(
      "export { audit, Audit, statementMarkdown } from './src/tools/audit/index.ts'",
    )
    const [output] = Object.values(metafile.outputs)
    const kept = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    const files = kept
      .map(([file]) => file)
      .filter((file) => /^src\/(engine\/(core|coordinator)|tools\/history)\//.test(file))
    expect(kept.length).toBeGreaterThan(10)
    // Patterns and units, which shape the event of a policy has, the names of events, what is no event, and how a mistake is told.
    const values = ['pattern', 'job-parts', 'policy-table', 'policy', 'event', 'error', 'safe-text']
    const names = ['state/given', ...values.map((name) => `values/${name}`)]
    expect(files.toSorted()).toEqual(names.map((name) => `src/engine/core/${name}.ts`).toSorted())
  })
})
