import * as z from 'zod'
import { bounds, type CommandBody, type Policy } from '../../../engine/core/index.ts'
import {
  jobIdSchema,
  modelSchema,
  parseInput,
  parsePause,
  parsePolicy,
  wholeNumber,
} from '../../../engine/events/index.ts'
import type { Lever } from '../guard/grant.ts'

/** Dead letters per pull: they are read in pages, with their payloads. */
const MOST_JOBS = 1_000

/** A lever that is a command of the core. */
export type CommandLever = Exclude<Lever, 'retry' | 'drop'>

const flag = z.boolean({ error: 'must be true or false' }).optional()
/** Of the preview that was looked at. */
export const expectedSchema = z.strictObject(
  {
    version: z.int().min(0).describe('`version` of the preview'),
    mark: z.string().max(100).describe('`mark` of the preview'),
  },
  { error: 'must be version and mark of a preview' },
)
export type Expected = z.infer<typeof expectedSchema>

/** What is asked beside the fields of a lever. */
const common = {
  preview: flag.describe('true: only say what it would do'),
  expected: expectedSchema
    .optional()
    .describe(
      'of a preview that you have looked at: refused (409, `overtaken`) if it would do something else by now',
    ),
  undoes: z
    .int()
    .min(0)
    .optional()
    .describe(
      'of an undo, as the answer of the action has it: refused if another one has changed the same since',
    ),
}
const jobId = jobIdSchema.describe('the id of the job')
const model = modelSchema.describe('the name of the model, or of a place')
const priority = wholeNumber(-bounds.priority, bounds.priority).describe(
  'the higher, the earlier; what a level is worth says `ageSeconds` of the policy',
)

/** What a lever takes, and the command of the core that it stands for under this policy. */
interface Pulled {
  readonly body: z.ZodType
  readonly command: (body: unknown, policy: Policy) => CommandBody
}

const lever = <Fields extends z.ZodRawShape>(
  fields: Fields,
  command: (given: z.infer<z.ZodObject<Fields>>, policy: Policy) => CommandBody,
): Pulled => {
  const body = z.strictObject({ ...common, ...fields })
  return {
    body,
    command: (given, policy) => command(parseInput(body, given, 'body', '') as never, policy),
  }
}

const commands: Readonly<Record<CommandLever, Pulled>> = {
  move: lever(
    { jobId, before: jobId.describe('the job before which it goes'), priority: priority.optional() },
    (given) => ({
      type: 'reprioritize',
      jobId: given.jobId,
      before: given.before,
      ...(given.priority === undefined ? {} : { priority: given.priority }),
    }),
  ),
  prioritize: lever({ jobId, priority }, (given) => ({
    type: 'reprioritize',
    jobId: given.jobId,
    priority: given.priority,
  })),
  cancel: lever(
    { jobId, force: flag.describe('true: a running job ends at once; else it is asked to end') },
    ({ jobId: cancelled, force = false }) => ({
      type: 'cancel',
      jobId: cancelled,
      force,
    }),
  ),
  'pause-model': lever(
    {
      model,
      reason: z.unknown().meta({
        type: 'string',
        description:
          'a code such as `provider_down`: 1 to 50 letters a to z, digits and underscores; it begins with a letter',
      }),
      untilMs: z
        .number()
        .nullish()
        .describe(
          'when the pause ends, in milliseconds since 1970: for ten minutes, the time now + 600000; null or absent: when it is resumed. After a preview send the same number again',
        ),
    },
    ({ model: paused, reason, untilMs }) => {
      const until = untilMs == null ? null : new Date(untilMs)
      return { type: 'pause_model', model: paused, ...parsePause({ reason, until }) }
    },
  ),
  'resume-model': lever({ model }, (given) => ({ type: 'resume_model', model: given.model })),
  capacity: lever(
    {
      model: model.describe('a model, a pattern or `*`'),
      capacity: z
        .union([z.int().min(1).max(bounds.capacity), z.array(z.string())])
        .nullable()
        .describe('how many jobs may have it at once, or the names of its places; null: as for all others'),
    },
    (given, policy) => setPolicy(withEntry(policy, 'capacity', given.model, given.capacity)),
  ),
  rate: lever(
    {
      model,
      rate: z.unknown().meta({
        type: ['object', 'array', 'null'],
        description: 'as the policy has it: `{ starts, perSeconds }`, or a list of these; null: none',
      }),
    },
    (given, policy) => setPolicy(withEntry(policy, 'rate', given.model, given.rate)),
  ),
  policy: lever(
    {
      policy: z.unknown().meta({
        type: ['string', 'object'],
        description:
          'the fields of the policy that are to change, such as `{ "maxActive": 4 }`; all others stay. Or `serial` or `by-model`',
      }),
    },
    (given, policy) => setPolicy(parsePolicy(given.policy, policy)),
  ),
  drain: lever({}, () => ({ type: 'drain' })),
  resume: lever({}, () => ({ type: 'resume' })),
}

const setPolicy = (policy: Policy): CommandBody => ({ type: 'set_policy', policy })

const letters = (() => {
  const error = `must be a list of 1 to ${MOST_JOBS} job ids`
  const jobIds = z.array(jobId, { error }).min(1, { error }).max(MOST_JOBS, { error })
  return z.strictObject({ ...common, jobIds: jobIds.describe('the ids of the dead letters') })
})()

/** The input of a lever, also for the description. */
export const bodyOf = (of: Lever): z.ZodType =>
  of === 'retry' || of === 'drop' ? letters : commands[of].body

/** Whether only a preview is asked for, and what a pull expects. @throws InterlockError `invalid_input` */
export function parseAsk(
  of: Lever,
  body: unknown,
): {
  readonly isPreview: boolean
  readonly expected: Expected | undefined
  readonly undoes: number | undefined
} {
  const asked = parseInput(bodyOf(of), body, 'body', '') as {
    preview?: boolean
    expected?: Expected
    undoes?: number
  }
  return { isPreview: asked.preview === true, expected: asked.expected, undoes: asked.undoes }
}

/** The ids of the dead letters. @throws InterlockError `invalid_input` */
export const parseLetters = (body: unknown): readonly string[] => parseInput(letters, body, 'body', '').jobIds

/**
 * The command of the core for a lever.
 * @param policy the one in force: the levers capacity, rate and policy change a part of it
 * @throws InterlockError `invalid_input`, naming the path
 */
export const parseLever = (of: CommandLever, body: unknown, policy: Policy): CommandBody =>
  commands[of].command(body, policy)

/** The policy with another value for one model; null: the model no longer has one of its own. */
function withEntry(policy: Policy, field: 'capacity' | 'rate', model: string, value: unknown): Policy {
  const others = Object.entries(policy[field]).filter(([name]) => name !== model)
  const own = value === null ? [] : [[model, value] as const]
  return parsePolicy({ [field]: Object.fromEntries([...others, ...own]) }, policy)
}
