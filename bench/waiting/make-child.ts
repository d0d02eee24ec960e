/** Puts a long line into an empty queue, and writes its snapshot, in a process of its own; answers what that took. */

import { keepSnapshot } from '../../src/engine/coordinator/replica/snapshots.ts'
import type { RecordedEvent } from '../../src/engine/core/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { byModel } from '../core/line.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import { answer, asked } from '../frame/child.ts'
import { connected } from '../frame/servers.ts'
import { endAt, insertEvents } from '../replay/load.ts'
import { busyWith } from './busy.ts'

const AT_ONCE = 2_000
const MODELS = 100

const { url, queue, waiting } = asked<{
  readonly url: string
  readonly queue: string
  readonly waiting: number
}>()
const line = new CoreQueue()
await connected(url, async (client) => {
  const put = (events: readonly RecordedEvent[]) => insertEvents(client, queue, events)
  await put(line.setPolicy(byModel))
  for (let from = 0; from < waiting; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, waiting - from)
    const specs = Array.from({ length: size }, (_, n) =>
      plainSpec(`job-${from + n}`, [`model-${(from + n) % MODELS}`]),
    )
    await put(line.send({ type: 'enqueue', specs }).events)
  }
  await endAt(client, queue, line.ledger.version)
})
const store = postgresStore(url)
const made = await busyWith(() => keepSnapshot(store, queue, line.ledger))
await store.close()
answer({ ...made, version: line.ledger.version })
