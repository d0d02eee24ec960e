/** A worker process: joins the queue, says so, drains it when told to, and reports. */
import { once } from 'node:events'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import { answer, asked } from '../frame/child.ts'
import { drain } from './drain.ts'

export interface WorkerInput {
  readonly url: string
  readonly queue: string
  readonly slots: number
}

export interface Report {
  readonly ended: number
  /** Wall clock of the end of its last job, in milliseconds. */
  readonly lastAt: number
  readonly appends: number
  readonly lost: number
  readonly cpuMs: number
}

const { url, queue, slots } = asked<WorkerInput>()
const store = postgresStore(url)
const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
const told = once(process, 'message')
process.send?.('ready')
await told
const cpu = process.cpuUsage()
const from = Date.now()
await coordinator.catchUp()
const caughtUpAt = Date.now()
const { ended, elapsedMs } = await drain(coordinator, slots)
const { user, system } = process.cpuUsage(cpu)
const { appends, lost } = coordinator.health().counts
const lastAt = ended > 0 ? caughtUpAt + elapsedMs : from
const report: Report = { ended, lastAt, appends, lost, cpuMs: (user + system) / 1_000 }
await coordinator.close()
await store.close()
answer(report)
