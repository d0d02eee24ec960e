/** An hour of a queue at work, decided by the core at times of its own: what the browser tests look at. */

import {
  type Command,
  type CommandBody,
  type DataChange,
  decide,
  defaultPolicy,
  emptyLedger,
  explainLive,
  hash,
  type JobSpec,
  jobOf,
  type Ledger,
  type Micros,
  projectionChanges,
  specDefaults,
} from '../../../../src/engine/core/index.ts'
import type { LogStore } from '../../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../../src/engine/store/memory/index.ts'

const SECOND: Micros = 1_000_000
const queue = 'default'
const workers = ['gpu-1', 'gpu-2', 'cpu-1'] as const
const models = ['flux-dev', 'whisper', 'llama-70b', 'sdxl', 'upscale'] as const

export interface Scene {
  readonly store: LogStore
  readonly ledger: () => Ledger
  /** Carries a command out, at this moment. */
  run(
    body: CommandBody,
    options?: { readonly data?: readonly DataChange[]; readonly claim?: boolean },
  ): Promise<void>
}

export interface SceneOptions {
  /** Over how long, and how many jobs come in it. */
  readonly seconds: number
  readonly jobs: number
  /** Jobs that still stand in line at the end. */
  readonly waiting?: number
  /** Lots: the same number gives the same scene, but for its times. */
  readonly seed?: number
}

export async function sceneOf({ seconds, jobs, waiting = 0, seed = 1 }: SceneOptions): Promise<Scene> {
  const real = () => Date.now() * 1_000
  let now = real() - seconds * SECOND
  let isPast = true
  const store = memoryStore(memoryDatabase(() => (isPast ? now : real())))
  let ledger = emptyLedger
  let commands = 0
  const beat = async (ttlMs: number) => {
    for (const [n, workerId] of workers.entries())
      await store.beat({
        queue,
        workerId,
        kinds: n === 2 ? ['normal', 'report'] : null,
        freeSlots: 2,
        release: '0.1.0',
        ttlMs,
        graceMs: 5_000,
      })
  }
  const run: Scene['run'] = async (body, { data = [], claim = true } = {}) => {
    const id = `scene-${++commands}`
    const workerId = workers[commands % workers.length] ?? 'gpu-1'
    const command: Command = {
      ...{ id, hash: hash(JSON.stringify(body)), workerId, body },
      ...(claim ? { claim: { max: 4, kinds: null } } : {}),
    }
    for (;;) {
      const decided = decide(ledger, [command], { now: isPast ? now : real(), deadWorkers: new Set() })
      const { events } = decided
      if (events.length === 0) return
      const changes = { ...projectionChanges(ledger, decided.ledger, decided.touched), data }
      const answer = await store.append({ queue, expectedVersion: ledger.version, events, changes })
      if (answer.ok) {
        ledger = decided.ledger
        return
      }
      // What took too long to decide comes too late, and is decided again, as a process does.
      if (answer.reason !== 'clock') throw new Error(`the scene was refused: ${answer.reason}`)
    }
  }
  const draw = lots(seed)
  await beat(seconds * 1_000 + 3_600_000)
  await run({
    type: 'set_policy',
    policy: {
      ...defaultPolicy,
      maxActive: null,
      maxOvertakes: 4,
      capacity: { 'flux-dev': 2, 'llama-70b': 2 },
      rate: { whisper: { starts: 40, perSeconds: 60 } },
    },
  })
  const ends: { at: Micros; jobId: string }[] = []
  const known = new Set<string>()
  const noteStarts = () => {
    for (const place of ledger.active) {
      const job = ledger.jobs.get(place)
      if (job === undefined || known.has(`${job.jobId} ${job.token}`)) continue
      known.add(`${job.jobId} ${job.token}`)
      ends.push({ at: now + (0.2 + draw()) * ((seconds * SECOND) / jobs) * 4, jobId: job.jobId })
    }
    ends.sort((a, b) => a.at - b.at)
  }
  const endUntil = async (to: Micros) => {
    for (let next = ends[0]; next !== undefined && next.at <= to; next = ends[0]) {
      ends.shift()
      now = Math.max(now + 1, Math.round(next.at))
      await endOne(next.jobId, ledger, run, draw)
      noteStarts()
    }
  }
  const end = now + seconds * SECOND
  for (let n = 0; n < jobs; n++) {
    const at = now + Math.round((0.4 + draw() * 1.2) * ((end - now) / (jobs - n)))
    await endUntil(Math.min(at, end - 1))
    now = Math.max(now + 1, Math.min(at, end - 1))
    if (n === Math.floor(jobs * 0.6))
      await run({ type: 'pause_model', model: 'sdxl', reason: 'provider_down', until: null })
    await run(
      { type: 'enqueue', specs: [specOf(n, draw)] },
      { data: [{ jobId: `job-${n + 1}`, payload: { prompt: `number ${n + 1}` } }] },
    )
    noteStarts()
  }
  await endUntil(end - 1)
  now = end
  isPast = false
  const rest = Array.from(
    { length: waiting },
    (_, n): JobSpec => ({ ...specOf(jobs + n, draw), runAt: null }),
  )
  for (let n = 0; n < rest.length; n += 1_000)
    await run({ type: 'enqueue', specs: rest.slice(n, n + 1_000) }, { claim: false })
  await beat(3_600_000)
  return { store, ledger: () => ledger, run }
}

/** The job with the longest chain of jobs before it, as far as it can be drawn: there is the most to be seen. In a minute, when offers that nobody took keep nothing. */
export function waitsLongest(ledger: Ledger): string {
  const chains = [...ledger.line].map(({ jobId }) => ({
    jobId,
    length:
      explainLive({ ledger, now: ledger.lastAt + 60 * SECOND, workers: null }, jobId)?.chain.length ?? 0,
  }))
  return chains.reduce((most, each) => (each.length > most.length && each.length < 6 ? each : most)).jobId
}

/** Most complete; some fail for good, and some are tried again. */
async function endOne(jobId: string, ledger: Ledger, run: Scene['run'], draw: () => number): Promise<void> {
  const job = jobOf(ledger, jobId)
  if (job?.active !== true) return
  const lot = draw()
  const { token } = job
  if (lot > 0.06) return run({ type: 'complete', jobId, token })
  const code = lot < 0.02 ? 'timed_out' : 'handler_error'
  const message =
    lot < 0.02 ? 'no answer within 60 s' : `provider said 5${Math.floor(draw() * 4)}0: overloaded`
  return run(
    { type: 'fail', jobId, token, code, retryAt: null },
    { data: [{ jobId, error: { name: 'Error', message } }] },
  )
}

function specOf(n: number, draw: () => number): JobSpec {
  const first = models[Math.floor(draw() ** 1.5 * models.length)] ?? 'flux-dev'
  const second = models[Math.floor(draw() * models.length)] ?? 'whisper'
  return {
    ...specDefaults,
    jobId: `job-${n + 1}`,
    jobType: 'normal',
    kind: draw() < 0.2 ? 'report' : 'normal',
    models: draw() < 0.3 && second !== first ? [first, second] : [first],
    hasData: true,
  }
}

/** The same lots each time: mulberry32. */
function lots(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
