import * as z from 'zod'
import { type Lever, levers } from '../guard/grant.ts'
import { bodyOf, expectedSchema } from '../lever/parse.ts'
import { chainSchema } from './chain.ts'
import { errorSchema, refusalSchema } from './fields.ts'
import {
  dataSchema,
  deadSchema,
  explainedModelSchema,
  explanationSchema,
  flowSchema,
  jobSchema,
  positionSchema,
  progressSchema,
  quotedJobSchema,
  quoteSchema,
} from './job-documents.ts'
import {
  answerSchema,
  jobsThatChangeSchema,
  previewSchema,
  pulledSchema,
  standingSchema,
} from './lever-documents.ts'
import {
  eventSchema,
  jobLogSchema,
  logSchema,
  policySchema,
  searchSchema,
  specSchema,
} from './log-documents.ts'
import {
  changeAnswerSchema,
  changedSchema,
  changePreviewSchema,
  changesSchema,
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
  signInSchema,
  workerSchema,
  workersSchema,
} from './queue-documents.ts'
import { overlapSchema, reportSchema, statementSchema } from './report.ts'

/** `PauseModelRequest`. Those of `retry` and `drop` are the same. */
const requestOf = (lever: Lever) =>
  lever === 'retry' || lever === 'drop'
    ? 'LettersRequest'
    : `${lever.replaceAll(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase())}Request`

/** The schemas that have a name on the OpenAPI page. Each stands there once; all others stand where they are used. */
const components: Readonly<Record<string, z.ZodType>> = {
  Me: meSchema,
  Queue: queueSchema,
  Queues: queuesSchema,
  Log: logSchema,
  Event: eventSchema,
  Policy: policySchema,
  JobSpec: specSchema,
  Search: searchSchema,
  Chain: chainSchema,
  Health: healthSchema,
  Failures: failuresSchema,
  Worker: workerSchema,
  Workers: workersSchema,
  Limits: limitsSchema,
  Schedules: schedulesSchema,
  FoundJobs: foundJobsSchema,
  Job: jobSchema,
  Explanation: explanationSchema,
  ExplainedModel: explainedModelSchema,
  JobData: dataSchema,
  Flow: flowSchema,
  JobLog: jobLogSchema,
  Position: positionSchema,
  Progress: progressSchema,
  DeadLetters: deadSchema,
  QuotedJob: quotedJobSchema,
  Quote: quoteSchema,
  ...Object.fromEntries(levers.map((lever) => [requestOf(lever), bodyOf(lever)])),
  Expected: expectedSchema,
  Preview: previewSchema,
  Pulled: pulledSchema,
  PreviewOrPulled: answerSchema,
  JobsThatChange: jobsThatChangeSchema,
  Standing: standingSchema,
  Changes: changesSchema,
  ChangePreview: changePreviewSchema,
  Changed: changedSchema,
  PreviewOrChanged: changeAnswerSchema,
  Statement: statementSchema,
  Overlap: overlapSchema,
  Report: reportSchema,
  SignIn: signInSchema,
  Error: errorSchema,
  Refusal: refusalSchema,
}

const named = z.registry<{ readonly id: string }>()
for (const [id, schema] of Object.entries(components)) named.add(schema, { id })
const uri = (id: string) => `#/components/schemas/${id}`

/** The schemas under their names, as they are sent and got, before a reader makes anything of them. */
export function namedSchemas(): Readonly<Record<string, object>> {
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri })
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  )
}

/** A reference to a schema that has a name. */
export function refTo(schema: z.ZodType): { readonly $ref: string } {
  const id = named.get(schema)?.id
  if (id === undefined) throw new Error('the schema has no name: add it to `components`')
  return { $ref: uri(id) }
}
