import * as z from 'zod'
import { invalidInput, nearestOf } from '../core/index.ts'

/** `jobs[2].models[0]`: where the mistake is, in the caller's words. */
export function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`,
    root,
  )
}

/**
 * Checks input from outside. Returns what the schema makes of it.
 * @param root what messages call the input, e.g. `jobs`
 * @param below what the path of a part of it begins with; an empty text: with the name of its field
 * @throws InterlockError `invalid_input`, naming the path of the first mistake and what to do about it
 */
export function parseInput<Out>(schema: z.ZodType<Out>, value: unknown, root: string, below = root): Out {
  if (isPromise(value)) throw refusal(root, promised)
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path ?? []
  throw refusal(path.length === 0 ? root : pathText(below, path), issue?.message ?? 'is not valid')
}

/**
 * Checks the arguments of a call, which JavaScript may have given anything.
 * @param schemas by the names of the arguments, in their order
 * @param flat the argument whose fields are named by themselves: `limit`, not `options.limit`
 * @throws InterlockError `invalid_input`, naming the path
 */
export function parseArguments(
  schemas: Readonly<Record<string, z.ZodType>>,
  given: readonly unknown[],
  flat?: string,
): void {
  for (const [at, [argument, schema]] of Object.entries(schemas).entries())
    parseInput(schema, given[at], argument, argument === flat ? '' : argument)
}

const refusal = (path: string, why: string) => invalidInput(`${path}: ${why}`, path)

/** Without this check, a promise would pass for an object without fields. */
const promised = 'is a promise: await it first'

const isPromise = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** The message for unknown fields. Most are typing errors, so it names the nearest field and lists the known ones. */
export function unknownFields(known: readonly string[]): z.core.$ZodErrorMap {
  return (issue) =>
    issue.code === 'unrecognized_keys'
      ? `unknown field ${unknown(issue.keys, known)}; the fields are ${known.join(', ')}`
      : `must be an object with the fields ${known.join(', ')}`
}

const NAMED = 5

function unknown(keys: readonly string[], known: readonly string[]): string {
  const first = keys.slice(0, NAMED).map((key) => named(key, known))
  return `${first.join(', ')}${keys.length > NAMED ? ` and ${keys.length - NAMED} more` : ''}`
}

function named(key: string, known: readonly string[]): string {
  const nearest = nearestOf(key, known)
  const hint = nearest === null ? '' : ` (did you mean ${nearest}?)`
  return `${JSON.stringify(key.slice(0, 40))}${hint}`
}

/** The options of a call, and no others. A Date, a Map or a promise would pass for an object without fields. */
export function optionsSchema<Shape extends z.ZodRawShape>(shape: Shape) {
  const error = unknownFields(Object.keys(shape))
  const fields = z.strictObject(shape, { error })
  return z.custom<z.input<typeof fields>>(hasFields, { error, abort: true }).pipe(fields)
}

/** An object whose fields are all that it is. */
export const hasFields = (value: unknown): boolean =>
  Object.prototype.toString.call(value) === '[object Object]'

/** For values that `parseInput` does not check any further. */
export const notPromised = z.unknown().refine((value) => !isPromise(value), { error: promised, abort: true })

/** An object with these functions: a coordinator, a store, a client. */
export function havingSchema(what: string, functions: readonly string[]): z.ZodType<object> {
  return notPromised.pipe(
    z.custom<object>(
      (value) =>
        (typeof value === 'object' || typeof value === 'function') &&
        value !== null &&
        functions.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
      { error: `must be ${what}` },
    ),
  ) as z.ZodType<object>
}

export const functionSchema = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  {
    error: 'must be a function',
  },
)

export const flagSchema = z.boolean({ error: 'must be true or false' })

export const signalSchema = z.custom<AbortSignal>((value) => value instanceof AbortSignal, {
  error: 'must be an AbortSignal, such as the signal of a new AbortController()',
})
