/**
 * What one call enters, of `src`: a process of its own, since V8 counts from before the modules are loaded.
 *
 *   node calls-child.ts [address of a migrated database]    in memory unless given; sends a `Entered` for each call
 */
import { type Profiler, Session } from 'node:inspector/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { AttemptKey } from '../../../src/index.ts'
import { root } from './tree.ts'

export interface Entered {
  readonly call: string
  readonly files: readonly string[]
  /** `file name offset`, sorted. */
  readonly functions: readonly string[]
}

/** What is measured, after one that warms up. A beat that falls into one of them does not fall into all. */
const TIMES = 3
/** At rest is what enters nothing of `src` for this long, in milliseconds. */
const STILL_MS = 200

const source = pathToFileURL(path.join(root, 'src/')).href
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

const { createCoordinator, silentLogger } = await import('../../../src/index.ts')
const { verify } = await import('../../../src/tools/history/index.ts')
const store = await openStore(process.argv[2])
// It does not look by itself meanwhile: a look is none of these calls.
const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 3_600_000 })
await coordinator.setPolicy('by-model')
let made = 0

const found = [
  await measured('enqueue', empty, enqueue),
  await measured('claim and end', enqueueAlone, claimAndEnd),
  await measured('heartbeat', claim, (lease) => coordinator.heartbeat(lease)),
  await measured(
    'verify',
    async () => {},
    () => verify({ store }),
  ),
]
process.send?.(found)
await coordinator.close()
await store.close()
process.disconnect()

async function openStore(url: string | undefined) {
  if (url !== undefined)
    return (await import('../../../src/engine/store/postgres/index.ts')).postgresStore(url)
  return (await import('../../../src/engine/store/memory/index.ts')).memoryStore()
}

async function enqueue(): Promise<void> {
  await coordinator.enqueue([
    { jobId: `job-${made++}`, models: [`model-${made}`], payload: { prompt: 'a lake' } },
  ])
}

/** Ends what is in line: offers to jobs that others may pass run out by time. */
async function empty(): Promise<void> {
  for (const { lease } of await coordinator.claim({ max: 100, kinds: null }))
    await coordinator.complete(lease)
}

async function enqueueAlone(): Promise<void> {
  await empty()
  await enqueue()
}

async function claim(): Promise<AttemptKey> {
  await enqueueAlone()
  return started()
}

async function claimAndEnd(): Promise<void> {
  await coordinator.complete(await started(), { result: { url: 'lake.png' } })
}

async function started(): Promise<AttemptKey> {
  const [first] = await coordinator.claim({ max: 1, kinds: null })
  if (first === undefined) throw new Error('there is nothing to claim')
  return first.lease
}

/** What every one of the measured calls enters, until all that it set off has come to rest. @param before is not counted */
async function measured<In>(
  call: string,
  before: () => Promise<In>,
  work: (given: In) => Promise<unknown>,
): Promise<Entered> {
  const runs: ReadonlySet<string>[] = []
  for (let n = 0; n <= TIMES; n++) {
    const given = await before()
    await settled()
    await work(given)
    const entered = await settled()
    if (n > 0) runs.push(entered)
  }
  const functions = [...runs.reduce((all, run) => all.intersection(run))].toSorted()
  const files = [...new Set(functions.map((name) => name.split(' ', 1).join()))]
  return { call, files, functions }
}

/** Waits until nothing of `src` runs; what has been entered until then. */
async function settled(): Promise<ReadonlySet<string>> {
  const all = new Set<string>()
  for (;;) {
    const some = await entered()
    if (some.length === 0) return all
    for (const name of some) all.add(name)
    await sleep(STILL_MS)
  }
}

/** The functions of `src` that have been entered since the last look. */
async function entered(): Promise<readonly string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result.filter(({ url }) => url.startsWith(source)).flatMap(enteredOf)
}

function enteredOf({ url, functions }: Profiler.ScriptCoverage): readonly string[] {
  const file = path.relative(root, new URL(url).pathname)
  return functions.flatMap(({ functionName, ranges: [range] }) => {
    // Offset 0: the module itself, which runs once.
    if (range === undefined || range.count === 0 || (functionName === '' && range.startOffset === 0))
      return []
    return [`${file} ${functionName === '' ? '(anonymous)' : functionName} ${range.startOffset}`]
  })
}
