const INTERRUPTED = 130

const LOOK_MS = 500

/**
 * npm runs a command through a shell. A SIGTERM to `npx` ends npm and that shell, and never comes to the command, which would
 * work on with nobody to stop it: it notices that its parent is another one.
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
  /** What the second one does, instead of ending the process at once; the third always ends it. */
  readonly onHurry: (hurry: () => void) => void
}

/**
 * The first Ctrl-C asks for an orderly end, the second ends at once. A process that another one keeps is asked in the same
 * way when that one is gone, and so is one that npm started.
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
