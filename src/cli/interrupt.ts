const INTERRUPTED = 130

export interface Interrupts {
  /** Fires at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** What the second one does, in place of ending the process at once; the third always ends it. */
  readonly onHurry: (hurry: () => void) => void
}

/**
 * The first Ctrl-C asks for an orderly end, the second ends at once. A process that another one keeps is asked in the same
 * way when that one is gone.
 */
export function interrupts(): Interrupts {
  const controller = new AbortController()
  let hurry: (() => void) | undefined
  const interrupt = () => {
    if (!controller.signal.aborted) {
      // A forked process has a parent that says it.
      if (!process.connected) process.stderr.write('\nending; Ctrl-C again ends at once\n')
      return controller.abort()
    }
    if (hurry === undefined) process.exit(INTERRUPTED)
    hurry()
    hurry = undefined
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  process.on('disconnect', () => controller.signal.aborted || interrupt())
  return {
    signal: controller.signal,
    onHurry: (call) => {
      hurry = call
    },
  }
}
