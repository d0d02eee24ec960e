import {
  type CommandResult,
  InterlockError,
  jobOf,
  type Ledger,
  type RecordedEvent,
  runningAttempt,
  type Started,
  type Waiting,
  waitingFor,
} from '../../core/index.ts'

/**
 * What a command that is in the log already led to, read off its events: the answer to a command whose first answer was
 * lost. Attempts that have ended since are left out: nobody may run them any more.
 */
export function resultFromLog(ledger: Ledger, events: readonly RecordedEvent[]): CommandResult {
  const started = events.flatMap((event): readonly Started[] => {
    const attempt = event.type === 'started' ? runningAttempt(ledger, event.jobId, event.seq) : undefined
    return attempt === undefined ? [] : [attempt]
  })
  const bypassed = events.flatMap((event) => (event.type === 'bypassed' ? [event.jobId] : []))
  return { ok: true, started, waiting: stillWaiting(ledger, events), bypassed, changed: true }
}

/** Of the jobs that the command left to wait, those that wait now, and for what. */
function stillWaiting(ledger: Ledger, events: readonly RecordedEvent[]): Waiting[] {
  const told = events.flatMap((event) =>
    event.type === 'conflict' || event.type === 'blocked' || event.type === 'asked' ? [event.jobId] : [],
  )
  return [...new Set(told)].flatMap((jobId) => {
    const job = jobOf(ledger, jobId)
    if (job === undefined || job.active || job.offeredAt !== null) return []
    return [waitingFor(ledger, job, ledger.lastAt)]
  })
}

/** The same id was used before for something else: never guess which of the two was meant. */
export function commandReused(commandId: string): InterlockError {
  return new InterlockError(
    'command_reused',
    `command id ${commandId} is in the log with another body; use a new id for a new command`,
    { commandId },
  )
}
