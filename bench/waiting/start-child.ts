/** Reads a snapshot back, or joins its queue, in a process of its own; answers what that took. */

import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { ledgerNear } from '../../src/engine/coordinator/replica/snapshots.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { answer, asked } from '../frame/child.ts'
import { busyWith } from './busy.ts'

const { url, queue, join } = asked<{
  readonly url: string
  readonly queue: string
  readonly join: boolean
}>()
const store = postgresStore(url)
let leave = () => store.close()
const read = await busyWith(async () => {
  if (!join) return ledgerNear(store, queue, null, () => {})
  const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
  leave = async () => {
    await coordinator.close()
    await store.close()
  }
  return coordinator
})
await leave()
answer(read)
