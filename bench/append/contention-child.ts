/** A worker process: joins the queue; told `prepare` it reads the log to its end, told `drain` it works and reports. */

import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { asked } from '../frame/child.ts'
import { drain } from './drain.ts'

export interface WorkerInput {
  readonly url: string
  readonly queue: string
  readonly slots: number
}

export type Order = 'prepare' | 'drain' | 'leave'

export interface Report {
  readonly ended: number
  /** Wall clock of the end of its last job, in milliseconds; of the order, when it had none. */
  readonly lastAt: number
  readonly appends: number
  readonly lost: number
  /** How often it waited for its turn among others. */
  readonly elections: number
  readonly cpuMs: number
}

const { url, queue, slots } = asked<WorkerInput>()
const store = postgresStore(url)
const coordinator = await createCoordinator({ store, queue, logger: silentLogger })

async function work(): Promise<Report> {
  const cpu = process.cpuUsage()
  const before = coordinator.health().counts
  const from = Date.now()
  const { ended, elapsedMs } = await drain(coordinator, slots)
  const { user, system } = process.cpuUsage(cpu)
  const { appends, lost, elections } = coordinator.health().counts
  return {
    ended,
    lastAt: from + (ended > 0 ? elapsedMs : 0),
    appends: appends - before.appends,
    lost: lost - before.lost,
    elections: elections - before.elections,
    cpuMs: (user + system) / 1_000,
  }
}

async function obey(order: Order): Promise<void> {
  if (order === 'drain') process.send?.(await work())
  else if (order === 'prepare') {
    await coordinator.catchUp()
    process.send?.('prepared')
  } else {
    await coordinator.close()
    await store.close()
    process.disconnect()
  }
}

process.on('message', (order: Order) => void obey(order))
process.send?.('joined')
