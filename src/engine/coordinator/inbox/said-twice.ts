import { type Json, modelsTwice, type NoEffect } from '../../core/index.ts'

/** Models that come twice in what SQL gave, and who says so, as the beginning of a sentence. */
export function* saidTwice(given: Json): Generator<readonly [found: readonly NoEffect[], who: string]> {
  const { job, jobs, schedules } = fieldsOf(given)
  for (const one of [given, job, ...listOf(jobs)]) yield saidBy(one, `Job ${fieldsOf(one)['job_id']}: `)
  for (const one of listOf(schedules)) yield saidBy(fieldsOf(one)['job'], `Schedule ${fieldsOf(one)['id']}: `)
}

type Fields = { readonly [field: string]: Json | undefined }

const fieldsOf = (given: Json | undefined): Fields =>
  typeof given === 'object' && given !== null && !Array.isArray(given) ? (given as Fields) : {}

const listOf = (given: Json | undefined): readonly (Json | undefined)[] => (Array.isArray(given) ? given : [])

const saidBy = (job: Json | undefined, who: string) => [modelsTwice(fieldsOf(job)['models']), who] as const
