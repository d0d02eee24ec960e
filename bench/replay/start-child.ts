/** Joins a queue in a process of its own, and answers how long that took. */

import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { answer, asked } from '../frame/child.ts'

const { url, queue } = asked<{ readonly url: string; readonly queue: string }>()
const store = postgresStore(url)
const from = performance.now()
const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
const ms = performance.now() - from
await coordinator.close()
await store.close()
answer({ ms })
