import * as z from 'zod'
import { PACKAGE_VERSION } from '../../../engine/coordinator/base/package-version.ts'
import { type Lever, levers } from '../guard/grant.ts'
import type { TokenSession } from '../guard/token-session.ts'
import { bodyOf } from '../lever/parse.ts'
import { namedSchemas, refTo } from './components.ts'
import { refusalSchema } from './fields.ts'
import { answerSchema } from './lever-documents.ts'
import { actions, answers, type OperationWords, posts, type Queried, texts } from './operations.ts'
import { signInSchema } from './queue-documents.ts'

const content = (type: string, schema: unknown) => ({ content: { [type]: { schema } } })
const json = (schema: z.ZodType) => content('application/json', refTo(schema))
const pointer = (to: string) => ({ $ref: `#/components/${to}` })

/** Each item is one way to be let in. */
type Security = readonly Readonly<Record<string, readonly string[]>>[]

const inPath = (address: string) =>
  [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => pointer(`parameters/${name}`))

/** A list is said by repeating its name. */
const inQuery = (query: Queried = {}) =>
  Object.entries(query).map(([name, given]) => {
    const { $schema: _, description, ...schema } = z.toJSONSchema(given, { io: 'input' })
    return { name, in: 'query', required: false, description, schema }
  })

const said = ({ id, summary, says }: OperationWords) => ({
  operationId: id,
  summary,
  ...(says === undefined ? {} : { description: says }),
})

const answered = (description: string, answer: object) => ({
  responses: { 200: { description, ...answer }, default: pointer('responses/Refusal') },
})

const getting = (
  address: string,
  operation: OperationWords & { readonly query?: Queried },
  answer: object,
) => ({
  get: {
    ...said(operation),
    parameters: [...inPath(address), ...inQuery(operation.query)],
    ...answered(operation.summary, answer),
  },
})

const posting = (address: string, operation: OperationWords, body: z.ZodType, answer: z.ZodType) => ({
  post: {
    ...said(operation),
    parameters: [...inPath(address), pointer('parameters/Origin')],
    requestBody: { required: true, ...json(body) },
    ...answered('what it did, or would do', json(answer)),
  },
})

const acting = (lever: Lever) => {
  const address = `/api/queues/{queue}/levers/${lever}`
  const { says, ...action } = actions[lever]
  const needs = `Needs \`${lever}\` in \`levers\` of your grant. With \`"preview": true\` nothing is changed: the answer has \`"preview": true\`, and \`says\` what it would do.`
  const operation = { ...action, says: says === undefined ? needs : `${says}\n\n${needs}` }
  return [address, posting(address, operation, bodyOf(lever), answerSchema)]
}

const reading = (usual: Security) => [
  ...Object.entries(answers).map(([address, operation]) => [
    address,
    getting(address, operation, json(operation.answer)),
  ]),
  ...Object.entries(texts).map(([address, operation]) => {
    const { type, headers = {}, isScraped } = operation
    const described = Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ])
    const answer = { ...content(type, { type: 'string' }), headers: Object.fromEntries(described) }
    const { get } = getting(address, operation, answer)
    return [address, { get: isScraped ? { ...get, security: [...usual, { scraper: [] }] } : get }]
  }),
]

const changing = () => [
  ...levers.map(acting),
  ...Object.entries(posts).map(([address, operation]) => [
    address,
    posting(address, operation, operation.body, operation.answer),
  ]),
]

const parameter = (name: string, where: 'path' | 'header', description: string) => ({
  name,
  in: where,
  required: true,
  description,
  schema: { type: 'string' },
})

const parameters = {
  queue: parameter('queue', 'path', 'the name of the queue'),
  job: parameter('job', 'path', 'the id of the job'),
  Origin: parameter(
    'Origin',
    'header',
    'the origin of the dashboard, such as `https://admin.example.com`, or `http://127.0.0.1:8080` for the address that `interlock dashboard` prints. Browsers send it themselves; another program has to. Any other origin is refused',
  ),
}

/** Who is let in, and how: as `authorize` of the dashboard says, or with the cookie of a token session. */
function security(session: TokenSession | null): { readonly schemes: object; readonly usual: Security } {
  const scraper = {
    type: 'http',
    scheme: 'bearer',
    description:
      'The token of a scraper (`metrics.token`, `--metrics-token-file`): it opens `/metrics`, and nothing else.',
  }
  const cookie = {
    type: 'apiKey',
    in: 'cookie',
    name: session?.cookieName,
    description:
      'Send the token of the address that the dashboard printed to `POST /session`: its answer sets this cookie.',
  }
  const own = {
    type: 'http',
    scheme: 'bearer',
    description:
      'The server of this dashboard decides by itself what it accepts (`authorize`): most take a token in `Authorization: Bearer …` from programs, and the cookie of their own session from people. Ask whoever runs it.',
  }
  return session === null
    ? { schemes: { bearer: own, scraper }, usual: [{ bearer: [] }, {}] }
    : { schemes: { session: cookie, scraper }, usual: [{ session: [] }] }
}

const signIn = {
  post: {
    operationId: 'signIn',
    summary: 'exchanges the token of an address for a cookie, once',
    security: [],
    parameters: [pointer('parameters/Origin')],
    requestBody: { required: true, ...json(signInSchema) },
    responses: {
      200: {
        description: 'you are signed in',
        headers: { 'set-cookie': { description: 'the cookie of your session', schema: { type: 'string' } } },
        ...content('application/json', { type: 'object' }),
      },
      default: pointer('responses/Refusal'),
    },
  },
}

const about = [
  'Reads queues of Interlock, and changes them. Requests and answers are JSON; times are microseconds since 1970 unless a field says otherwise.',
  'A refusal is `{ "error": { "code", "message" } }` with a status: 400 or 422 for a request that is wrong, 401 if you are not signed in, 403 if you may not, 404 if there is no such job or queue, 409 if somebody else was faster, 503 while the database does not answer.',
].join('\n\n')

/**
 * The API as OpenAPI 3.1, from the schemas that its answers have to match.
 * @param session null: users sign in elsewhere
 */
export function description(session: TokenSession | null): object {
  const { schemes, usual } = security(session)
  const paths = Object.fromEntries([
    ...reading(usual),
    ...changing(),
    ...(session === null ? [] : [['/session', signIn]]),
  ])
  return {
    openapi: '3.1.0',
    info: { title: 'Interlock dashboard', version: PACKAGE_VERSION, description: about },
    servers: [
      { url: '..', description: 'where the dashboard is mounted: this page is its `api/openapi.json`' },
    ],
    security: usual,
    paths,
    components: {
      securitySchemes: schemes,
      parameters,
      responses: { Refusal: { description: 'a refusal', ...json(refusalSchema) } },
      schemas: namedSchemas(),
    },
  }
}
