import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import type { Context } from '../frame/bench.ts'
import { compiledProgram } from '../frame/programs.ts'
import { migrate } from '../peers/with-interlock.ts'
import { checkpointOf, type Loads, warmUpTo } from './loads.ts'
import type { LoadsOrder, LoadsReport } from './loads-child.ts'
import type { Request } from './trace.ts'

/** The same on PostgreSQL, by worker processes whose handlers sleep: `faster` times as fast. Its seconds are those of the requests. */
export async function realLoads(
  { servers }: Context,
  requests: readonly Request[],
  {
    workers,
    maxPassed,
    faster,
  }: { readonly workers: number; readonly maxPassed: number; readonly faster: number },
): Promise<Loads> {
  const url = await servers.copy('interlock', migrate)
  await fill(url, requests, maxPassed)
  const order: LoadsOrder = { url, jobs: requests.length, faster }
  const program = await compiledProgram(new URL('./loads-child.ts', import.meta.url))
  const children = Array.from({ length: workers }, () => fork(program, [JSON.stringify(order)]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const reported = children.map(async (child): Promise<LoadsReport> => (await once(child, 'message'))[0])
  const gone = children.map((child) => once(child, 'close'))
  const began = Date.now()
  for (const child of children) child.send('start')
  const reports = await Promise.all(reported)
  await Promise.all(gone)
  await servers.drop(url)
  const loads = reports.reduce((sum, report) => sum + report.loads, 0)
  const last = Math.max(...reports.map(({ endedAt }) => endedAt))
  return { perJob: loads / requests.length, seconds: ((last - began) / 1_000) * faster }
}

async function fill(url: string, requests: readonly Request[], maxPassed: number): Promise<void> {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy(warmUpTo(maxPassed))
  await coordinator.enqueue(
    requests.map((each) => ({ jobId: each.jobId, models: [checkpointOf(each)], payload: each.seconds })),
  )
  await coordinator.close()
  await store.close()
}
