import * as z from 'zod'
import { errorText } from '../../../engine/coordinator/base/logger.ts'
import { flagSchema, optionsSchema, parseInput } from '../../../engine/events/index.ts'
import { Refused } from './refused.ts'

/** What operators can do. A grant can list each by name. */
export const levers = [
  'move',
  'prioritize',
  'cancel',
  'retry',
  'drop',
  'pause-model',
  'resume-model',
  'capacity',
  'rate',
  'policy',
  'drain',
  'resume',
] as const
export type Lever = (typeof levers)[number]

/** What a user may do. */
export interface Grant {
  /**
   * Who the user is, for the log: 1 to 50 letters, digits and `_.@-`. Each action writes it into the append-only log, so use a
   * role or an id, and no name that you may have to erase.
   */
  readonly actor: string
  /**
   * Who the user is, beside the log (`job_queue_operators`), where you may delete it: a name or an address, 1 to 200 characters.
   * Operators and those who see data are told who paused a model.
   * @defaultValue the actor
   */
  readonly operator?: string | undefined
  /** A `viewer` looks. An `operator` also changes the queue. */
  readonly role: 'viewer' | 'operator'
  /** What an operator may do: the names of actions (docs/reference/dashboard.md#actions). @defaultValue all */
  readonly levers?: readonly Lever[] | undefined
  /** Whether payloads, results, errors, checkpoints and progress are shown. @defaultValue `false` */
  readonly data?: boolean | undefined
  /** The queues that the user sees. @defaultValue all of this dashboard */
  readonly queues?: readonly string[] | undefined
  /** For the page of a customer: only where these jobs stand (`…/jobs/<id>/position`), whatever the other fields say. */
  readonly jobs?: readonly string[] | undefined
}

/**
 * Who makes this request, and what may they do? Called for every request, and every minute for an open stream.
 * @returns what they may do; null: nothing, and the answer is 401; or an answer of your own, such as a redirect to your login
 */
export type Authorize = (request: Request) => Grant | Response | null | Promise<Grant | Response | null>

const one = (of: readonly string[]) => ({
  error: `must be ${of.map((word) => JSON.stringify(word)).join(' or ')}`,
})
const names = (noun: string) =>
  z
    .array(z.string({ error: `must be the name of a ${noun}` }), { error: `must be a list of ${noun}s` })
    .optional()
const actor = /^[\w.@-]{1,50}$/
const actorError = 'must be 1 to 50 letters, digits and _ . @ -'
const operatorError = 'must be a text of 1 to 200 characters'
export const grantSchema = optionsSchema({
  actor: z.string({ error: actorError }).regex(actor, actorError),
  operator: z.string({ error: operatorError }).min(1, operatorError).max(200, operatorError).optional(),
  role: z.enum(['viewer', 'operator'], one(['viewer', 'operator'])),
  levers: z.array(z.enum(levers, one(levers)), { error: 'must be a list of actions' }).optional(),
  data: flagSchema.optional(),
  queues: names('queue'),
  jobs: names('job'),
})

/** A grant with all defaults filled in. */
export interface Allowed {
  readonly actor: string
  readonly operator: string
  readonly role: 'viewer' | 'operator'
  readonly levers: ReadonlySet<Lever>
  readonly data: boolean
  readonly sees: (queue: string) => boolean
  /** Null: all; else only where these stand, whatever else the grant says. */
  readonly jobs: ReadonlySet<string> | null
}

/**
 * What this request may do. A fault in `authorize` opens nothing.
 * @returns an answer if `authorize` gave one
 * @throws Refused
 */
export async function allowedBy(
  authorize: Authorize,
  request: Request,
  onError: (message: string) => void,
): Promise<Allowed | Response> {
  const given = await asked(authorize, request, onError)
  if (given instanceof Response) return given
  if (given === null || given === undefined)
    throw new Refused(401, 'not_signed_in', 'you are not signed in, or your session has ended')
  return allowedOf(checked(given, onError))
}

async function asked(authorize: Authorize, request: Request, onError: (message: string) => void) {
  try {
    return await authorize(request)
  } catch (error) {
    onError(`authorize has failed: ${errorText(error)}`)
    throw new Refused(500, 'failed', 'the server could not tell who you are; its log says why')
  }
}

function checked(given: unknown, onError: (message: string) => void): Grant {
  try {
    return parseInput(grantSchema, given, 'authorize()')
  } catch (error) {
    onError(errorText(error))
    throw new Refused(500, 'failed', 'the server could not tell what you may do; its log says why')
  }
}

const allowedOf = ({
  actor: who,
  operator = who,
  role,
  levers: some = levers,
  data = false,
  queues,
  jobs,
}: Grant): Allowed => ({
  actor: who,
  operator,
  role,
  levers: new Set(role === 'operator' && jobs === undefined ? some : []),
  data: data && jobs === undefined,
  sees: (queue) => queues?.includes(queue) ?? true,
  jobs: jobs === undefined ? null : new Set(jobs),
})

/** Whether they may be told who did what. */
export const seesPeople = ({ data, role }: Pick<Allowed, 'data' | 'role'>): boolean =>
  data || role === 'operator'

/** A scraper of figures that has shown its token. */
export const scraper: Allowed = allowedOf({ actor: 'prometheus', role: 'viewer' })
