import { setFlagsFromString } from 'node:v8'

/**
 * Keeps a command that folds a long log small. A job lives for a few thousand events, so some are alive whenever V8 collects its
 * young objects. V8 would then start to allocate all of them as old objects, where ended ones stay until a full collection: up to
 * 303 MB instead of 252 for a million events, in the same time. Of the flags for the young generation this one still works in a
 * running process.
 */
export function makeYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
