import { z } from 'zod'
import { messageOf, parseInput } from '../../codec/index.ts'
import { Refused } from './refused.ts'

/** What operators can do, each by a name that a grant can hold. */
export const levers = [
  'move',
  'prioritize',
  'cancel',
  'retry',
  'drop',
  'pause-model',
  'resume-model',
  'capacity',
  'policy',
  'drain',
  'resume',
] as const
export type Lever = (typeof levers)[number]

/** What somebody may do. */
export interface Grant {
  /**
   * Who it is, for the log: 1 to 50 letters, digits and `_.@-`. It goes into the append-only log with each lever: a role or an id, no
   * name that may have to be erased.
   */
  readonly actor: string
  /** A viewer looks; an operator also pulls levers. */
  readonly role: 'viewer' | 'operator'
  /** The levers of an operator; all unless given. */
  readonly levers?: readonly Lever[] | undefined
  /** Whether payloads, results, errors, checkpoints and progress are shown; false unless given. */
  readonly data?: boolean | undefined
  /** The queues that are shown; all of this dashboard unless given. */
  readonly queues?: readonly string[] | undefined
  /** For the page of a customer: where these jobs stand (`…/jobs/<id>/place`), and nothing else at all. */
  readonly jobs?: readonly string[] | undefined
}

/**
 * Who makes this request, and what may they do? Asked for every request, and for a stream again every minute.
 * @returns what they may do; null: nothing, which is answered with 401; or an answer of your own, such as the way to your login
 */
export type Authorize = (request: Request) => Grant | Response | null | Promise<Grant | Response | null>

const actor = /^[\w.@-]{1,50}$/
const grantSchema = z.strictObject({
  actor: z.string().regex(actor, 'must be 1 to 50 letters, digits and _ . @ -'),
  role: z.enum(['viewer', 'operator']),
  levers: z.array(z.enum(levers)).optional(),
  data: z.boolean().optional(),
  queues: z.array(z.string()).optional(),
  jobs: z.array(z.string()).optional(),
})

/** A grant with everything said. */
export interface Allowed {
  readonly actor: string
  readonly role: 'viewer' | 'operator'
  readonly levers: ReadonlySet<Lever>
  readonly data: boolean
  readonly sees: (queue: string) => boolean
  /** Null: all; else only where these stand, whatever else the grant says. */
  readonly jobs: ReadonlySet<string> | null
}

/**
 * What this request may do. A mistake of `authorize` opens nothing.
 * @returns an answer where `authorize` gave one
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
    throw new Refused(401, 'not_signed_in', 'you are not signed in, or not any more')
  return allowedOf(checked(given, onError))
}

async function asked(authorize: Authorize, request: Request, onError: (message: string) => void) {
  try {
    return await authorize(request)
  } catch (error) {
    onError(`authorize has failed: ${messageOf(error)}`)
    throw new Refused(500, 'failed', 'who you are could not be found out; the log of the server says why')
  }
}

function checked(given: unknown, onError: (message: string) => void): Grant {
  try {
    return parseInput(grantSchema, given, 'authorize()')
  } catch (error) {
    onError(messageOf(error))
    throw new Refused(500, 'failed', 'what you may do could not be found out; the log of the server says why')
  }
}

const allowedOf = ({
  actor: who,
  role,
  levers: some = levers,
  data = false,
  queues,
  jobs,
}: Grant): Allowed => ({
  actor: who,
  role,
  levers: new Set(role === 'operator' && jobs === undefined ? some : []),
  data: data && jobs === undefined,
  sees: (queue) => queues?.includes(queue) ?? true,
  jobs: jobs === undefined ? null : new Set(jobs),
})
