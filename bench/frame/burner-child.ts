/** Keeps a processor busy until it is ended. */
import { setPriority } from 'node:os'
import { asked } from './child.ts'

/** How long it computes before it looks whether its parent has gone. */
const SLICE_MS = 200

setPriority(asked<{ readonly nice: number }>().nice)
process.on('disconnect', () => process.exit())
process.send?.('ready')
setInterval(() => {
  for (const until = performance.now() + SLICE_MS; performance.now() < until; );
}, 0)
