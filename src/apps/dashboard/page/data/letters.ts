import type { JobSpec, Micros } from '../../../../engine/core/index.ts'

/** A dead letter, in the form that the server sends. */
export interface Letter {
  readonly jobId: string
  readonly seq: number
  readonly at: Micros
  readonly code: string
  readonly attempts: number
  readonly spec: JobSpec
  /** Null if the user may not see data. */
  readonly error: unknown
}

/** What went wrong, in one line: the text of the error if the user may see it, else its code. */
export function errorText({ error, code }: Letter): string {
  const message =
    typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  return typeof message === 'string' && message !== '' ? `${code}: ${message.split('\n')[0] ?? ''}` : code
}
