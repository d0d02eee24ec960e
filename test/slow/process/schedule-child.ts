/**
 * A process that fires a schedule: `node schedule-child.ts <url> <step>`. At that step it stops and says so; then it is killed. `firing`: the
 * firing is decided, and not written. `fired`: it is written, and its answer has not been heard.
 */
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'

const [url = '', at = ''] = process.argv.slice(2)
const store = postgresStore(url)

async function step(name: string): Promise<void> {
  if (name !== at) return
  process.send?.(name)
  await new Promise<never>(() => {})
}

const coordinator = await createCoordinator({
  ...{ leaseMs: 1_200, graceMs: 400, pollMs: 200 },
  logger: silentLogger,
  store: {
    ...store,
    append: async (request) => {
      const isFiring = request.events.some((event) => event.type === 'queued' && event.due !== undefined)
      if (isFiring) await step('firing')
      const answer = await store.append(request)
      if (isFiring && answer.ok) await step('fired')
      return answer
    },
  },
})
await coordinator.schedules('billing', [
  { id: 'often', every: '1s', missed: { upTo: 2, within: '1h' }, job: { models: [] } },
])
