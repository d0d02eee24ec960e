import { DatabaseClock } from '../../src/engine/coordinator/replica/clocks.ts'
import { projectionChanges } from '../../src/engine/core/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'
import { byModel } from '../core/line.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'

/** The wish of one append, over and over: jobs come, start, and end, so each append has one event per job. */
const phases = ['enqueue', 'claim', 'complete'] as const

/**
 * Milliseconds of each of `calls` appends of `batch` events through a store: real events with their projection, made by
 * the core, without a coordinator. What is decided and computed in between is not counted.
 */
export async function storeAppends(
  store: LogStore,
  queue: string,
  batch: number,
  calls: number,
): Promise<number[]> {
  const workerId = 'w0a1b2c3d4'
  await store.open(queue)
  const clock = new DatabaseClock()
  const synchronise = async () => {
    const sent = clock.mark()
    const lease = { ttlMs: 600_000, graceMs: 0, kinds: null, freeSlots: batch, release: 'bench' }
    clock.sync((await store.beat({ queue, workerId, ...lease })).now, sent)
  }
  await synchronise()
  const core = new CoreQueue()
  const times: number[] = []
  const append = async (bodies: Parameters<CoreQueue['sendAll']>[0], claim?: number) => {
    core.now = clock.now()
    const before = core.ledger
    const { events, ledger, touched } = core.sendAll(bodies, claim)
    const changes = projectionChanges(before, ledger, touched)
    const from = performance.now()
    const on = { queue, expectedVersion: before.version, expectedAt: before.lastAt }
    const answer = await store.append({ ...on, events, changes })
    times.push(performance.now() - from)
    if (!answer.ok) throw new Error(`the append was refused: ${answer.reason}`)
    return events
  }
  await append([{ type: 'set_policy', policy: byModel }])
  times.length = 0
  let started: { readonly jobId: string; readonly token: number }[] = []
  for (let call = 0; call < calls; call++) {
    const phase = phases[call % phases.length]
    if (phase === 'enqueue') {
      const specs = Array.from({ length: batch }, (_, i) =>
        plainSpec(`${queue}-${call}-${i}`, [`model-${i}`]),
      )
      await append([{ type: 'enqueue', specs }])
    } else if (phase === 'claim') {
      const events = await append([{ type: 'claim' }], batch)
      started = events.flatMap((event) =>
        event.type === 'started' ? [{ jobId: event.jobId, token: event.seq }] : [],
      )
    } else await append(started.map((job) => ({ type: 'complete', ...job })))
  }
  return times
}
