import * as z from 'zod'
import { PACKAGE_VERSION } from '../../../engine/coordinator/base/package-version.ts'
import { eventTypes, findEntries } from '../../../engine/core/index.ts'
import { PAGE } from '../../../engine/store/index.ts'
import { foundStates } from '../../../tools/operate/find-jobs.ts'
import { levers } from '../guard/grant.ts'
import { bodyOf } from '../lever/parse.ts'
import { chainSchema } from './chain.ts'
import { jobId, refusalSchema, seq } from './fields.ts'
import {
  dataSchema,
  deadSchema,
  flowSchema,
  jobSchema,
  positionSchema,
  progressSchema,
  quotedJobSchema,
  quoteSchema,
} from './job-documents.ts'
import { previewSchema, pulledSchema } from './lever-documents.ts'
import { jobLogSchema, logSchema, searchSchema } from './log-documents.ts'
import {
  changedSchema,
  changePreviewSchema,
  changesSchema,
  errorSays,
  foundJobsSchema,
} from './many-documents.ts'
import {
  failuresSchema,
  healthSchema,
  limitsSchema,
  meSchema,
  queueSchema,
  queuesSchema,
  schedulesSchema,
  workersSchema,
} from './queue-documents.ts'
import { MOST_DEAD } from './reading.ts'
import { reportSchema, statementSchema } from './report.ts'
import { MOST_FOUND } from './search.ts'

/** What may be asked in a query. */
type Queried = Readonly<Record<string, z.ZodType>>
const limit = (most: number) => z.int().min(1).max(most)
/** By where a page begins. */
const ofLog = { after: seq.describe('events after this one'), limit: limit(PAGE) }
const time = z.string().describe('such as 10m, 14:03+01:00 or 2026-11-24T15:00:00Z')
const point = z.union([seq, time])

/** The addresses below the mount that answer with JSON. */
export const answers = {
  '/api/me': ['who you are, and what you may do', meSchema],
  '/api/queues': ['each queue with its head', queuesSchema],
  '/api/queues/{queue}': ['the head of a queue', queueSchema],
  '/api/queues/{queue}/log': ['a page of the log', logSchema, ofLog],
  '/api/queues/{queue}/search': [
    'events by time, by who did it and by what they say, the newest first; one search looks at 20,000 events',
    searchSchema,
    {
      since: point,
      until: point.describe('up to and with that event or second'),
      operator: z
        .string()
        .describe('a part of the name of the operator or of their host, or how the id of the process begins'),
      type: z
        .enum(['changes', ...eventTypes])
        .describe('a type; or changes: policy, pauses, drain, order, cancellations, schedules'),
      job: jobId,
      worker: z.string(),
      word: z.array(z.string()).describe('what their text contains'),
      before: seq.describe('the `before` of a search'),
      limit: limit(MOST_FOUND),
    },
  ],
  '/api/queues/{queue}/chain': ['a page of the hash chain', chainSchema, ofLog],
  '/api/queues/{queue}/health': ['whether the queue is healthy', healthSchema],
  '/api/queues/{queue}/failures': [
    'where attempts failed: by place, by worker and by model',
    failuresSchema,
    { since: z.int().min(0).describe('microseconds since 1970; an hour ago unless given') },
  ],
  '/api/queues/{queue}/workers': ['the processes of a queue', workersSchema],
  '/api/queues/{queue}/limits': ['limits that the answers of providers speak for', limitsSchema],
  '/api/queues/{queue}/schedules': ['the schedules of a queue, the next due one first', schedulesSchema],
  '/api/queues/{queue}/jobs': [
    'jobs by what they are; `payload.` and a field, such as `payload.user.id`, asks for a value in the payload',
    foundJobsSchema,
    {
      state: z.array(z.enum(foundStates)),
      ...Object.fromEntries(findEntries.map(({ word, says }) => [word, z.string().describe(says)])),
      error: z.string().describe(errorSays),
      before: time.describe('jobs that came, failed or ended before it'),
      after: time.describe('jobs that came, failed or ended since then'),
      limit: limit(1_000),
      from: z.string().describe('the `next` of a page'),
    },
  ],
  '/api/queues/{queue}/jobs/{job}': ['why a live job does not run', jobSchema],
  '/api/queues/{queue}/jobs/{job}/data': [
    'payload, progress, checkpoint, result and error of a job',
    dataSchema,
  ],
  '/api/queues/{queue}/jobs/{job}/flow': [
    'the jobs that it comes after and those that come after it, 500 at most',
    flowSchema,
  ],
  '/api/queues/{queue}/jobs/{job}/log': [
    'what the log says of a job, also of one that has ended',
    jobLogSchema,
  ],
  '/api/queues/{queue}/jobs/{job}/position': [
    'where a live job stands, for users who may see nothing else',
    positionSchema,
  ],
  '/api/queues/{queue}/progress': ['the progress of running jobs', progressSchema, { jobs: z.array(jobId) }],
  '/api/queues/{queue}/dead': [
    'dead letters, the newest first',
    deadSchema,
    {
      model: z.string(),
      since: z.int().min(0).describe('microseconds since 1970'),
      before: seq,
      limit: limit(MOST_DEAD),
      jobs: z.array(jobId),
    },
  ],
} as const satisfies Record<string, readonly [string, z.ZodType, Queried?]>

const texts = {
  '/api/queues/{queue}/snapshot': [
    'the state of the queue at an event, or shortly before it',
    'application/jsonl',
    { at: seq },
  ],
  '/metrics': ['metrics of the queues for Prometheus, in its text format or as OpenMetrics', 'text/plain'],
  '/api/queues/{queue}/events': ['the stream of events', 'text/event-stream', { from: seq }],
} as const

const schemaOf = (schema: z.ZodType): unknown => {
  // What is sent and got, before a reader makes anything of it.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}

const content = (type: string, schema: unknown) => ({ content: { [type]: { schema } } })
const refused = {
  description: 'a refusal',
  ...content('application/json', { $ref: '#/components/schemas/Refusal' }),
}

const inPath = (address: string) =>
  [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
/** A list is said by repeating its name. */
const inQuery = (query: Queried = {}) =>
  Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(schema),
  }))

const getting = (address: string, summary: string, query: Queried | undefined, answer: object) => ({
  get: {
    summary,
    parameters: [...inPath(address), ...inQuery(query)],
    responses: { 200: { description: summary, ...answer }, default: refused },
  },
})

const posting = (address: string, [summary, body]: readonly [string, z.ZodType], answer: unknown) => {
  const requestBody = { required: true, ...content('application/json', schemaOf(body)) }
  const responses = {
    200: { description: 'what it did, or would do', ...content('application/json', answer) },
    default: refused,
  }
  return [address, { post: { summary, parameters: inPath(address), requestBody, responses } }]
}

/** The API as OpenAPI 3.1, from the schemas that its answers have to match. */
export function description(): object {
  const documents = Object.entries(answers).map(([address, [summary, schema, query]]) => [
    address,
    getting(address, summary, query, content('application/json', schemaOf(schema))),
  ])
  const streams = Object.entries(texts).map(([address, [summary, type, query]]) => [
    address,
    getting(address, summary, query, content(type, { type: 'string' })),
  ])
  const pulls = levers.map((lever) =>
    posting(`/api/queues/{queue}/levers/${lever}`, [lever, bodyOf(lever)], {
      anyOf: [previewSchema, pulledSchema].map(schemaOf),
    }),
  )
  const changes = posting(
    '/api/queues/{queue}/changes',
    ['many jobs changed by one command, or which jobs these would be', changesSchema],
    { anyOf: [changePreviewSchema, changedSchema].map(schemaOf) },
  )
  const quote = posting(
    '/api/queues/{queue}/quote',
    ['what would come of a job if it was put in line now; nothing is put in line', quotedJobSchema],
    schemaOf(quoteSchema),
  )
  const report = posting(
    '/api/queues/{queue}/report',
    ['the statement of an audit as Markdown, to file', statementSchema],
    schemaOf(reportSchema),
  )
  return {
    openapi: '3.1.0',
    info: { title: 'Interlock dashboard', version: PACKAGE_VERSION },
    paths: Object.fromEntries([...documents, ...streams, ...pulls, changes, quote, report]),
    components: { schemas: { Refusal: schemaOf(refusalSchema) } },
  }
}
