/** The meaning of each exit code. By itself, so that a help page loads no more than it shows. */
export const exitCodes = {
  fine: 0,
  failed: 1,
  usage: 2,
  /** A check did its work and found something. */
  found: 3,
} as const

/** The same in words, for help and manual. */
export const exitMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.fine, 'fine'],
  [exitCodes.failed, 'it failed, or the job or queue that you named is not there'],
  [exitCodes.usage, 'wrong usage: a flag, a file or an address'],
  [exitCodes.found, 'a check did its work and found something'],
  [130, 'interrupted by Ctrl-C'],
]

/** Below the examples of a command for which 1 means one more thing. @param when such as `a job failed` */
export const alsoFails = (when: string): string => `Exit code ${exitCodes.failed}: also if ${when}\n`
