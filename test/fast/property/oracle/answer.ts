import type { CommandBody, ErrorCode } from '../../../../src/engine/core/index.ts'
import type { Clerk } from './clerk.ts'

export type Body<T extends CommandBody['type']> = CommandBody & { readonly type: T }

/** A refusal, or `job: code, blocked by` of every job that has to wait. */
export type Answer = ErrorCode | readonly string[]

export function granted(clerk: Clerk): Answer {
  clerk.grant()
  return []
}
