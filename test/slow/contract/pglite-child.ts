/**
 * A process that uses an embedded database: `node pglite-child.ts <directory> <what>`. Says each version that was
 * acknowledged on a line of its own, until it is killed.
 */
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { appendNow, queuedEvent } from '../../servers/contract/hand-made.ts'

const [directory = '', what = ''] = process.argv.slice(2)
const store = pgliteStore(directory)
await store.open('q')
await store.beat({
  queue: 'q',
  workerId: `child-${process.pid}`,
  kinds: null,
  freeSlots: 1,
  release: '0.0.0',
  ttlMs: 3_600_000,
  graceMs: 3_600_000,
})
console.log('ready')
if (what === 'append') {
  for (let job = 1; ; job++) {
    const answer = await appendNow(store, 'q', [queuedEvent(`${process.pid}-${job}`)])
    if (answer.ok) console.log(answer.version)
  }
}
setInterval(() => {}, 1_000)
