import type { Coordinator } from '../coordinator/index.ts'
import type { JobData } from '../port/index.ts'
import type { HandlerDefinition, Job } from './api.ts'
import type { Attempt } from './attempt.ts'
import type { Outcome } from './outcome.ts'
import { stubbornly } from './stubborn.ts'

/** Reads what the job needs, checks its payload and runs its handler. Never rejects for what a handler or a payload does. */
export async function perform(
  attempt: Attempt,
  coordinator: Coordinator,
  definition: HandlerDefinition | undefined,
  onSettled: () => void,
): Promise<Outcome> {
  const { spec } = attempt.started
  if (definition === undefined) {
    return refused('non_retryable', new Error(`this worker has no handler for the kind ${spec.kind}`))
  }
  const data = await stubbornly(
    () => dataOf(attempt, coordinator),
    () => attempt.isStopped,
  )
  if (attempt.isStopped) return attempt.outcomeUnbegun()
  const checked = await payloadOf(definition, data?.payload ?? null)
  if ('refusal' in checked) return refused('invalid_payload', checked.refusal)
  return attempt.run(definition, jobOf(attempt, data, checked.payload), onSettled)
}

/** Nothing to ask for at the first attempt of a job that came without: a hand-off is then one commit and no more. */
async function dataOf({ started }: Attempt, coordinator: Coordinator): Promise<JobData | undefined> {
  if (started.spec.hasData !== true && started.attempt === 1) return undefined
  return (await coordinator.data([started.lease.jobId]))[0]
}

async function payloadOf(
  { schema }: HandlerDefinition,
  payload: unknown,
): Promise<{ payload: unknown } | { refusal: Error }> {
  if (schema === undefined) return { payload }
  const result = await schema['~standard'].validate(payload)
  if (result.issues === undefined) return { payload: result.value }
  const issue = result.issues[0]
  const keys = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
  return { refusal: new Error(`${['payload', ...keys].join('.')}: ${issue?.message ?? 'is not valid'}`) }
}

function jobOf({ started }: Attempt, data: JobData | undefined, payload: unknown): Job {
  const { jobId, jobType, kind, models, priority, attempts } = started.spec
  const { attempt } = started
  const row = data?.row ?? null
  const checkpoint = data?.checkpoint ?? null
  return { jobId, jobType, kind, models, priority, attempt, attempts, payload, row, checkpoint }
}

function refused(code: 'non_retryable' | 'invalid_payload', error: Error): Outcome {
  return { type: 'failed', code, error, retry: false }
}
