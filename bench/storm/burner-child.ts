/** Keeps a processor busy, behind everybody else, until it is ended. */
import { setPriority } from 'node:os'

/** How long it computes before it looks whether its parent has gone. */
const SLICE_MS = 200

setPriority(19)
process.on('disconnect', () => process.exit())
process.send?.('ready')
setInterval(() => {
  for (const until = performance.now() + SLICE_MS; performance.now() < until; );
}, 0)
