import type { Scribe } from '../dispatch/scribe.ts'
import { type Job, triesOf } from '../state/job.ts'
import { jobOf, type Ledger } from '../state/ledger.ts'
import type { Accepted, CommandBody, Refusal, Started, Waiting } from '../values/command.ts'
import type { RefusalCode } from '../values/error-codes.ts'
import type { RecordedEvent } from '../values/event.ts'
import { leaseOf, type Uses } from '../values/job.ts'

/** What a command of this type says. */
export type Body<Type extends CommandBody['type']> = CommandBody & { readonly type: Type }

/** The answer to a command that was carried out, made from its events. */
export function accepted(
  scribe: Scribe,
  waiting: readonly Waiting[] = [],
  bypassed: readonly string[] = [],
): Accepted {
  const started = scribe.events.flatMap((event) => startedBy(scribe, event))
  return { ok: true, started, waiting, bypassed, changed: scribe.events.length > 0 }
}

export function refused(code: RefusalCode, message: string): Refusal {
  return { ok: false, code, message }
}

/** What an attempt says that it has used. */
export const usedIn = ({ used }: { readonly used?: Uses | undefined }): { readonly used?: Uses } =>
  used === undefined ? {} : { used }

/** The attempt that runs with this token; undefined: it has ended, or never began. */
export function runningAttempt(ledger: Ledger, jobId: string, token: number): Started | undefined {
  const job = jobOf(ledger, jobId)
  return job?.active === true && job.token === token ? startedJob(job, ledger.epoch) : undefined
}

/** A running attempt, as its holder gets it. */
export function startedJob(job: Job, epoch: number): Started {
  return {
    lease: leaseOf(job.jobId, job.token, epoch, job.places),
    spec: job.spec,
    ...triesOf(job),
    workerId: job.workerId ?? '',
    ...(job.batch === null ? undefined : { batch: job.batch }),
  }
}

function startedBy(scribe: Scribe, event: RecordedEvent): Started[] {
  if (event.type !== 'started') return []
  const job = jobOf(scribe.draft, event.jobId)
  return job === undefined || job.token !== event.seq ? [] : [startedJob(job, scribe.draft.epoch)]
}
