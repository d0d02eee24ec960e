/** The meaning of each exit code. By itself, so that a help page loads no more than it shows. */
export const exitCodes = {
  fine: 0,
  failed: 1,
  usage: 2,
  /** A check did its work and found something. */
  found: 3,
} as const
