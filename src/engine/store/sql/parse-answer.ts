import type * as z from 'zod'
import { InterlockError } from '../../core/index.ts'

/**
 * The answer of a function, checked. Its shape can be wrong only if the functions in the database are of another release, or were
 * edited.
 *
 * @throws InterlockError `corrupt_log`; those of decodeEvent pass through
 */
export function parseAnswer<Out>(schema: z.ZodType<Out>, value: unknown, name: string): Out {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new InterlockError(
    'corrupt_log',
    `${name} gave an unexpected answer at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}; run \`interlock migrate\` to bring its functions to this release`,
    { function: name },
  )
}

/** Undefined: any role may have sent it, and it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
