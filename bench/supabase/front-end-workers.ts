/** The workers of bench/supabase/front-end.ts, each with a client of its own: `<url> <key> <workers> <milliseconds per job>`. */
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectStore } from '../../src/engine/store/supabase/index.ts'
import { createCoordinator, createJobWorker } from '../../src/index.ts'
import { silent } from './project.ts'

const [url = '', key = '', workers = '', jobMs = ''] = process.argv.slice(2)
const handler = () => sleep(Number(jobMs) * (0.5 + Math.random()))
setPriority(10)
for (let n = 0; n < Number(workers); n++) {
  const coordinator = await createCoordinator({ store: projectStore(url, key), logger: silent })
  createJobWorker({ coordinator, handlers: { normal: handler } }).start()
}
process.send?.('ready')
