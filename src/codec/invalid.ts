import type { z } from 'zod'
import { InterlockError } from '../core/index.ts'

/** `jobs[2].models[0]`: where in the input the mistake is, in the words of the caller. */
export function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    root,
  )
}

/**
 * Checks input from outside. Returns what the schema makes of it.
 *
 * @param root what the input is called in messages, e.g. `jobs`
 * @throws InterlockError `invalid_input`, naming the path of the first mistake and what to do about it
 */
export function parseInput<Out>(schema: z.ZodType<Out>, value: unknown, root: string): Out {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = pathText(root, issue?.path ?? [])
  throw new InterlockError('invalid_input', `${path}: ${issue?.message ?? 'is not valid'}`, { path })
}

/** The message for fields that nobody knows: most are slips of the pen, so the known ones are listed. */
export function unknownFields(known: readonly string[]): z.core.$ZodErrorMap {
  return (issue) =>
    issue.code === 'unrecognized_keys'
      ? `unknown field ${issue.keys.map((key) => JSON.stringify(key.slice(0, 40))).join(', ')}; the fields are ${known.join(', ')}`
      : `must be an object with the fields ${known.join(', ')}`
}
