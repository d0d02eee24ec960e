import { setFlagsFromString } from 'node:v8'

/**
 * Keeps a command that folds a long log small. A job lives for a few thousand events, so some are alive whenever V8 collects
 * its young objects; seeing that, it would begin to make all of them among the old ones, where what has ended stays until a
 * full collection: of a million events up to 303 MB instead of 252, in the same
 * time. Of the flags of the young generation it
 * is the one that still counts in a process that runs.
 */
export function makeYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
