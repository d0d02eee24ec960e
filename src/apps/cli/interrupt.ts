const INTERRUPTED = 130

const LOOK_MS = 500

/**
 * npm runs a command through a shell. A SIGTERM to `npx` ends npm and that shell, but does not reach the command, which would go
 * on with nobody to stop it. So the command notices when its parent changes.
 */
function watchParent(onGone: () => void): void {
  const parent = process.ppid
  const look = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(look)
    onGone()
  }, LOOK_MS).unref()
}

export interface Interrupts {
  /** Fires at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** Replaces the action of the second one, which is to end the process at once. The third always ends it. */
  readonly onHurry: (hurry: () => void) => void
}

/** What a parent tells a worker process: to drain; or to give back what runs. */
export type Told = 'stop' | 'hurry'

/**
 * The first Ctrl-C asks for an orderly end, the second ends at once. A process that another one started (also npm) is asked in
 * the same way when that one is gone.
 */
export function interrupts(): Interrupts {
  const controller = new AbortController()
  let hurry: (() => void) | undefined
  const stop = () => {
    if (controller.signal.aborted) return
    // A forked process has a parent that prints it.
    if (!process.connected) process.stderr.write('\nstopping; press Ctrl-C again to stop at once\n')
    controller.abort()
  }
  const hasten = () => {
    if (hurry === undefined) process.exit(INTERRUPTED)
    hurry()
    hurry = undefined
  }
  let next = stop
  const interrupt = () => {
    const now = next
    next = hasten
    now()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  // What the parent tells counts by itself: the first signal of a service that ends may come right after it.
  process.on('message', (told: Told) => {
    if (told === 'stop') stop()
    else if (told === 'hurry') hasten()
  })
  const abandoned = () => controller.signal.aborted || interrupt()
  process.on('disconnect', abandoned)
  if (process.env['npm_command'] !== undefined) watchParent(abandoned)
  return {
    signal: controller.signal,
    onHurry: (call) => {
      hurry = call
    },
  }
}
