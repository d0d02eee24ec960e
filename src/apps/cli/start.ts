/** The program proper; `main.ts` loads it once it knows that this Node can run it. */

import { makeYoung } from './heap.ts'
import { interrupts } from './interrupt.ts'
import { runCli } from './program.ts'
import { keysOf } from './terminal/keys.ts'
import { WORKER_COMMAND } from './worker-command.ts'

makeYoung()

// A line of the log that cannot be written is lost, and nothing else.
process.stderr.on('error', () => {})
// `interlock log | head` closes the pipe early, which is no failure. Elsewhere the result is lost, on a full disk say.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0)
  process.stderr.write(`error: standard output: ${message}\n  to do: make room, or write it somewhere else\n`)
  process.exit(1)
})

// Stores do not keep the process alive, so that programs can end. This one ends when its command has.
const stay = setInterval(() => {}, 60_000)
const { stdout, stderr, env, argv } = process
process.exitCode =
  argv[2] === WORKER_COMMAND
    ? await (await import('./run/worker-process.ts')).workerProcess()
    : await runCli(argv.slice(2), { stdout, stderr, env, ...keysOf(process.stdin), ...interrupts() })
clearInterval(stay)
// A forked process stays while its channel is open.
process.removeAllListeners('disconnect')
if (process.connected) process.disconnect()
await Promise.all([stdout, stderr].map((stream) => new Promise((written) => stream.write('', written))))
// supabase-js keeps a timer of 10 s after its last channel. This does not wait for it, and keeps nothing alive itself.
setTimeout(() => process.exit(), 100).unref()
