/**
 * A process whose files may not grow beyond some size (`ulimit -f`), which is a full disk for the embedded database: `node
 * full-disk-child.ts <directory>`. Says how its calls end, each on a line of its own.
 */
import { randomBytes } from 'node:crypto'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'

const [directory = ''] = process.argv.slice(2)
const store = pgliteStore(directory)

async function say(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return true
  } catch (error) {
    console.log(isInterlockError(error) ? `${error.code}: ${error.message}` : String(error))
    return false
  }
}

const coordinator = await createCoordinator({ store, logger: silentLogger })
const put = (jobId: string) =>
  coordinator.enqueue([{ jobId, models: ['m'], payload: randomBytes(400_000).toString('hex') }])
for (let n = 0; n < 40; n++) if (!(await say(() => put(`job-${n}`)))) break
// A server that has ended inside this process would keep each of these for ever, and the process with them.
await say(() => store.read('default', 0, 1))
await say(() => put('one-more'))
await coordinator.close()
await store.close()
console.log('closed')
