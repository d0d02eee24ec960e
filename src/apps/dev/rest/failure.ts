/** The body of every error that PostgREST answers. */
export interface FailureBody {
  readonly code: string | null
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

/** A request that cannot be answered. It becomes the response. */
export class RestFailure extends Error {
  readonly status: number
  readonly body: FailureBody
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    body: Pick<FailureBody, 'code' | 'message'> & Partial<FailureBody>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message)
    this.status = status
    this.body = { details: null, hint: null, ...body }
    this.headers = headers
  }
}

export const leftOut = (what: string): RestFailure =>
  new RestFailure(501, {
    code: 'INTERLOCK',
    message: `the local Supabase of \`interlock dev\` has no ${what}; use \`supabase start\` for it`,
  })

/** A fault of this server: to repeat the request changes nothing, and the cause is for the person who runs the server. */
export const faultOfOurs = (): RestFailure =>
  new RestFailure(500, {
    code: 'INTERLOCK',
    message:
      'the local Supabase of `interlock dev` failed by a fault of its own; its standard error says how',
  })
