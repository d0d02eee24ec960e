import { type BesideOptions, commitBeside } from './commit-beside.ts'

export interface EpochOptions extends BesideOptions {
  /** The epoch that is over: nothing is done if another one has begun. Unless given, there is a new one whatever was before. */
  readonly ended?: number
}

/**
 * After a restore: folds the log as it is now, and begins a new epoch in which the queue is drained. Joins nothing and sends no
 * beat: a process that joined would expire the leases of the jobs in doubt first.
 * @throws what the store throws
 */
export async function beginEpoch({ ended, ...options }: EpochOptions): Promise<void> {
  const body = { type: 'recover', ...(ended === undefined ? {} : { ended }) } as const
  for (;;) {
    const { isChanged, isNewEpoch } = await commitBeside(options, [body])
    if (isNewEpoch || !isChanged) return
  }
}
