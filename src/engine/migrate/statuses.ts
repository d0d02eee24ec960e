import { type InterlockError, invalidInput } from '../core/index.ts'

/** The words for the states of a job in `jobs.status`, unless the user has other words. */
export const jobStatuses = ['pending', 'running', 'completed', 'failed', 'cancelled', 'expired'] as const
export type JobStatus = (typeof jobStatuses)[number]

/** The user's words for some of the states. */
export type StatusWords = Readonly<Partial<Record<JobStatus, string>>>

/** The words as a literal of SQL. @throws InterlockError `invalid_input` for a state or a word that cannot be */
export function statusesLiteral(words: StatusWords): string {
  for (const [state, word] of Object.entries(words)) {
    if (!(jobStatuses as readonly string[]).includes(state)) {
      throw refusal(state, `is not a state of a job; the states are ${jobStatuses.join(', ')}`)
    }
    if (typeof word !== 'string' || word === '' || word.length > 200 || !/^[^\p{Cc}\p{Cs}\\]*$/u.test(word)) {
      throw refusal(
        state,
        'must be a word of 1 to 200 characters, without control characters and backslashes',
      )
    }
  }
  return `'${JSON.stringify(words).replaceAll("'", "''")}'`
}

const refusal = (state: string, why: string): InterlockError =>
  invalidInput(`statuses.${state.slice(0, 40)}: ${why}`, 'statuses')
