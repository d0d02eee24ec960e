import {
  type Coordinator,
  type CoordinatorOptions,
  createCoordinator,
} from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import type { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { closedAfterTest } from '../../support/this-test.ts'

const closeAfter = closedAfterTest<Coordinator>((coordinator) => coordinator.close())

/** A logger that keeps its lines, for tests of what people grep. */
export function keepingLogger() {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  return { lines, info: keep, warn: keep, error: keep }
}

/** A coordinator on a store of its own or a given one, closed after the test. */
export async function join(options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const coordinator = await createCoordinator({ store: memoryStore(), logger: keepingLogger(), ...options })
  closeAfter(coordinator)
  return coordinator
}

/** What the log of the default queue says, each event with its job. */
export async function eventsOf(store: LogStore): Promise<string[]> {
  const { events } = await store.read('default', 0, 1_000)
  return events.map((event) => `${event.type} ${'jobId' in event ? event.jobId : ''}`.trim())
}

export { memoryStore }

/** So many jobs of a minute each, one after the other, each of which waited for the one before; then one runs and one waits. */
export async function workedOff(
  queue: Coordinator,
  clock: HandClock,
  count: number,
  prefix = 'next',
): Promise<void> {
  const claim = { max: 1, kinds: null }
  const enter = (n: number) => queue.enqueue([{ jobId: `${prefix}-${n}`, models: ['m'] }])
  await enter(0)
  let running = await queue.claim(claim)
  for (let n = 1; n <= count; n++) {
    await enter(n)
    clock.set(clock.now() + 60_000_000)
    const [{ lease } = { lease: null }] = running
    if (lease !== null) running = await queue.complete(lease, { claim })
  }
  await enter(count + 1)
}
