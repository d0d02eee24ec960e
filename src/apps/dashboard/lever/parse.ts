import * as z from 'zod'
import { bounds, type CommandBody, type Policy } from '../../../engine/core/index.ts'
import {
  parseInput,
  parseJobId,
  parseModel,
  parsePause,
  parsePolicy,
  wholeNumber,
} from '../../../engine/events/index.ts'
import type { Lever } from '../guard/grant.ts'

/** Dead letters per pull: they are read in pages, with their payloads. */
const MOST_JOBS = 1_000

/** A lever that is a command of the core. */
export type CommandLever = Exclude<Lever, 'retry' | 'drop'>

const preview = z.boolean({ error: 'must be true or false' }).optional()
/** Of the preview that was looked at. */
const expected = z
  .strictObject(
    { version: z.int().min(0), mark: z.string().max(100) },
    { error: 'must be version and mark of a preview' },
  )
  .optional()
const common = { preview, expected }
const id = z.unknown()
const shapes = {
  move: z.strictObject({ ...common, jobId: id, before: z.unknown() }),
  prioritize: z.strictObject({ ...common, jobId: id, priority: wholeNumber(-1_000, 1_000) }),
  cancel: z.strictObject({
    ...common,
    jobId: id,
    force: z.boolean({ error: 'must be true or false' }).optional(),
  }),
  retry: z.strictObject({ ...common, jobIds: jobIds() }),
  drop: z.strictObject({ ...common, jobIds: jobIds() }),
  'pause-model': z.strictObject({
    ...common,
    model: z.unknown(),
    reason: z.unknown(),
    untilMs: z.number().nullish(),
  }),
  'resume-model': z.strictObject({ ...common, model: z.unknown() }),
  capacity: z.strictObject({
    ...common,
    model: z.unknown(),
    capacity: z.union([z.int().min(1).max(bounds.capacity), z.array(z.string())]).nullable(),
  }),
  rate: z.strictObject({ ...common, model: z.unknown(), rate: z.unknown() }),
  policy: z.strictObject({ ...common, policy: z.unknown() }),
  drain: z.strictObject(common),
  resume: z.strictObject(common),
} as const satisfies Record<Lever, z.ZodType>

function jobIds() {
  const error = `must be a list of 1 to ${MOST_JOBS} job ids`
  return z.array(z.string().min(1).max(200), { error }).min(1, { error }).max(MOST_JOBS, { error })
}

/** The input of each lever, for the description. `untilMs`: milliseconds since 1970. */
export const leverSchemas: Readonly<Record<Lever, z.ZodType>> = shapes

export type Expected = z.infer<typeof expected>

/** Whether only a preview is asked for, and what a pull expects. @throws InterlockError `invalid_input` */
export function parseAsk(
  lever: Lever,
  body: unknown,
): { readonly isPreview: boolean; readonly expected: Expected } {
  const shape = shapes[lever] as z.ZodType<{ preview?: boolean; expected?: Expected }>
  const asked = parseInput(shape, body, lever)
  return { isPreview: asked.preview === true, expected: asked.expected }
}

/** The ids of the dead letters. @throws InterlockError `invalid_input` */
export const parseLetters = (lever: 'retry' | 'drop', body: unknown): readonly string[] =>
  parseInput(shapes[lever], body, lever).jobIds.map(parseJobId)

/**
 * The command of the core for a lever.
 * @param policy the one in force: the levers capacity, rate and policy change a part of it
 * @throws InterlockError `invalid_input`, naming the path
 */
export function parseLever(lever: CommandLever, body: unknown, policy: Policy): CommandBody {
  switch (lever) {
    case 'move': {
      const { jobId, before } = parseInput(shapes.move, body, lever)
      return { type: 'reprioritize', jobId: parseJobId(jobId), before: parseJobId(before) }
    }
    case 'prioritize': {
      const { jobId, priority } = parseInput(shapes.prioritize, body, lever)
      return { type: 'reprioritize', jobId: parseJobId(jobId), priority }
    }
    case 'cancel': {
      const { jobId, force = false } = parseInput(shapes.cancel, body, lever)
      return { type: 'cancel', jobId: parseJobId(jobId), force }
    }
    case 'pause-model': {
      const { model, reason, untilMs } = parseInput(shapes['pause-model'], body, lever)
      const until = untilMs == null ? null : new Date(untilMs)
      return { type: 'pause_model', model: parseModel(model), ...parsePause({ reason, until }) }
    }
    case 'resume-model':
      return {
        type: 'resume_model',
        model: parseModel(parseInput(shapes['resume-model'], body, lever).model),
      }
    case 'capacity': {
      const { model, capacity } = parseInput(shapes.capacity, body, lever)
      return { type: 'set_policy', policy: withEntry(policy, 'capacity', modelOrAll(model), capacity) }
    }
    case 'rate': {
      const { model, rate } = parseInput(shapes.rate, body, lever)
      return { type: 'set_policy', policy: withEntry(policy, 'rate', parseModel(model), rate) }
    }
    case 'policy':
      return {
        type: 'set_policy',
        policy: parsePolicy(parseInput(shapes.policy, body, lever).policy, policy),
      }
    case 'drain':
    case 'resume':
      parseInput(shapes[lever], body, lever)
      return { type: lever }
  }
}

const modelOrAll = (model: unknown): string => (model === '*' ? '*' : parseModel(model))

/** The policy with another value for one model; null: the model no longer has one of its own. */
function withEntry(policy: Policy, field: 'capacity' | 'rate', model: string, value: unknown): Policy {
  const others = Object.entries(policy[field]).filter(([name]) => name !== model)
  const own = value === null ? [] : [[model, value] as const]
  return parsePolicy({ [field]: Object.fromEntries([...others, ...own]) }, policy)
}
