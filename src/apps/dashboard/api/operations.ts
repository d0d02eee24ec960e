/** What the API can be asked, once: the OpenAPI page is written from here. */
import * as z from 'zod'
import { eventTypes, findEntries } from '../../../engine/core/index.ts'
import { PAGE } from '../../../engine/store/index.ts'
import { foundStates } from '../../../tools/operate/find-jobs.ts'
import type { Lever } from '../guard/grant.ts'
import { chainSchema } from './chain.ts'
import { jobId, model, seq } from './fields.ts'
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
import { jobLogSchema, logSchema, searchSchema } from './log-documents.ts'
import { changeAnswerSchema, changesSchema, errorSays, foundJobsSchema } from './many-documents.ts'
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

/** An operation in words. */
export interface OperationWords {
  /** Its name, for programs. */
  readonly id: string
  readonly summary: string
  /** What else somebody who calls it has to know. */
  readonly says?: string
}
/** What may be asked in a query. A list is said by repeating its name. */
export type Queried = Readonly<Record<string, z.ZodType>>
interface ReadOperation extends OperationWords {
  readonly query?: Queried
}
interface Answering extends ReadOperation {
  readonly answer: z.ZodType
}
interface Streaming extends ReadOperation {
  /** Its media type. */
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  /** The token of a scraper opens it, too. */
  readonly isScraped?: true
}
interface PostOperation extends OperationWords {
  readonly body: z.ZodType
  readonly answer: z.ZodType
}

const limit = (most: number, usual = most) =>
  z.int().min(1).max(most).describe(`at most so many; ${usual} unless given`)
/** By where a page begins. */
const ofLog = { after: seq.describe('events after this one; 0 unless given'), limit: limit(PAGE) }
const times = 'such as 10m, 24h or 7d (ago), 14:03+01:00 or 2026-11-24T15:00:00Z'
const time = z.string()
const point = z.union([seq, time])

/** The addresses below the mount that answer with JSON. */
export const answers = {
  '/api/me': { id: 'me', summary: 'who you are, and what you may do', answer: meSchema },
  '/api/queues': { id: 'queues', summary: 'each queue that you see, with its head', answer: queuesSchema },
  '/api/queues/{queue}': {
    id: 'queue',
    summary: 'the head of a queue: its version, its epoch, the first event that can be read',
    answer: queueSchema,
  },
  '/api/queues/{queue}/log': {
    id: 'log',
    summary: 'a page of the log',
    says: 'For the next page send the number of the last event as `after`, until a page is empty.',
    answer: logSchema,
    query: ofLog,
  },
  '/api/queues/{queue}/search': {
    id: 'searchLog',
    summary: 'events by time, by who did it and by text, the newest first',
    says: 'One search looks at 20,000 events, and may find none; `before` of the answer goes on.',
    answer: searchSchema,
    query: {
      since: point.describe(`from this event, or this time on, ${times}`),
      until: point.describe('up to and with that event or second'),
      operator: z
        .string()
        .describe('a part of the name of the operator or of their host, or how the id of the process begins'),
      type: z
        .enum(['changes', ...eventTypes])
        .describe('a type; or changes: policy, pauses, drain, order, cancellations, schedules'),
      job: jobId.describe('only events of this job'),
      worker: z.string().describe('only events of the process with this id'),
      word: z.array(z.string()).describe('what their text contains; all of it if there are several'),
      before: seq.describe('the `before` of an answer: events before this one'),
      limit: limit(MOST_FOUND),
    },
  },
  '/api/queues/{queue}/chain': {
    id: 'chain',
    summary: 'a page of the hash chain',
    says: 'Each event comes as the text that is hashed, so that you can compute the hash again.',
    answer: chainSchema,
    query: ofLog,
  },
  '/api/queues/{queue}/health': {
    id: 'health',
    summary: 'whether the queue is healthy, and what is wrong',
    answer: healthSchema,
  },
  '/api/queues/{queue}/failures': {
    id: 'failures',
    summary: 'where attempts failed: by place, by worker and by model',
    says: 'It knows the last 20,000 events, and those since somebody first asked; `from` says from when.',
    answer: failuresSchema,
    query: { since: z.int().min(0).describe('microseconds since 1970; an hour ago unless given') },
  },
  '/api/queues/{queue}/workers': {
    id: 'workers',
    summary: 'the processes of a queue',
    answer: workersSchema,
  },
  '/api/queues/{queue}/limits': {
    id: 'limits',
    summary: 'limits that providers report',
    answer: limitsSchema,
  },
  '/api/queues/{queue}/schedules': {
    id: 'schedules',
    summary: 'the schedules of a queue, the next due one first',
    answer: schedulesSchema,
  },
  '/api/queues/{queue}/jobs': {
    id: 'jobs',
    summary: 'jobs by filter, such as a state, a model, a fair key or an error',
    says: [
      'All that you ask for has to be true of a job. Who holds a model: `?model=flux-dev&state=active`; jobs by fair key: `?customer=customer-17`.',
      '`payload.` and a field, such as `payload.user.id=17`, asks for a value in the payload. That and `error` need a grant with `data`.',
    ].join('\n\n'),
    answer: foundJobsSchema,
    query: {
      state: z
        .array(z.enum(foundStates))
        .describe(
          'in one of these states; waiting and active unless given. `submitted`: committed, not in line yet. `dead`: failed for good, lost its last attempt or waited too long; it can be retried, and stays until it is retried or dropped. `completed`, `failed`, `cancelled` and `expired`: came and ended so within the newest 50,000 events: `failed` has dead ones too, also if they were retried or dropped since',
        ),
      ...Object.fromEntries(findEntries.map(({ word, says }) => [word, z.string().describe(says)])),
      error: z.string().describe(errorSays),
      since: time.describe(`jobs that came into line (dead and ended ones: that ended) since then, ${times}`),
      until: time.describe(`jobs that did so until then, ${times}`),
      limit: limit(1_000, 20),
      from: z
        .string()
        .describe(
          'the `next` of a page; send the rest of the query again, word for word. A relative time such as `24h` counts from each call',
        ),
    },
  },
  '/api/queues/{queue}/jobs/{job}': {
    id: 'explainJob',
    summary: 'why a live job does not run; how one that is not live ended',
    says: 'An unknown job is answered with 404, `job_not_live`.',
    answer: jobSchema,
  },
  '/api/queues/{queue}/jobs/{job}/data': {
    id: 'jobData',
    summary: 'payload, progress, checkpoint, result and error of a job',
    says: 'Needs a grant with `data`.',
    answer: dataSchema,
  },
  '/api/queues/{queue}/jobs/{job}/flow': {
    id: 'jobFlow',
    summary: 'the jobs that it comes after and those that come after it, 500 at most',
    answer: flowSchema,
  },
  '/api/queues/{queue}/jobs/{job}/log': {
    id: 'jobLog',
    summary: 'the events of a job, also of one that has ended',
    answer: jobLogSchema,
  },
  '/api/queues/{queue}/jobs/{job}/position': {
    id: 'jobPosition',
    summary: 'the position of a live job, for users who may see nothing else',
    says: 'It names no other job and no person. A grant with `jobs` opens this address alone.',
    answer: positionSchema,
  },
  '/api/queues/{queue}/progress': {
    id: 'progress',
    summary: 'the progress of running jobs',
    says: 'Needs a grant with `data`.',
    answer: progressSchema,
    query: { jobs: z.array(jobId).describe('the ids of the jobs, 100 at most') },
  },
  '/api/queues/{queue}/dead': {
    id: 'deadLetters',
    summary: 'dead letters, the newest first',
    says: 'To retry or drop them: `/levers/retry`, `/levers/drop`, or `/changes` for all of an error.',
    answer: deadSchema,
    query: {
      model: model.describe('only jobs that needed this model'),
      error: z.string().describe(`${errorSays}; it needs a grant with \`data\``),
      since: z
        .union([z.int().min(0), time])
        .describe(`that ended since then: microseconds since 1970, or a time ${times}`),
      until: z.union([z.int().min(0), time]).describe('that ended up to then'),
      before: seq.describe('the `before` of an answer: those that ended before this event'),
      limit: limit(MOST_DEAD, 100),
      jobs: z.array(jobId).describe('only the jobs with these ids'),
    },
  },
} as const satisfies Record<string, Answering>

/** The addresses that answer with something else. */
export const texts: Readonly<Record<string, Streaming>> = {
  '/api/queues/{queue}/snapshot': {
    id: 'snapshot',
    summary: 'the state of the queue at an event, or shortly before it',
    says: 'As lines of JSON.',
    type: 'application/jsonl',
    headers: { 'interlock-version': 'the event at which it is the state' },
    query: { at: seq.describe('the event; the last one unless given') },
  },
  '/metrics': {
    id: 'metrics',
    summary: 'metrics of the queues for Prometheus, in its text format or as OpenMetrics',
    type: 'text/plain',
    isScraped: true,
  },
  '/api/queues/{queue}/events': {
    id: 'events',
    summary: 'the stream of events',
    says: [
      'Server-sent events: `log` with a list of events of the log (an array, as `events` of `log`), `workers`, `health`, `time`, `failure`, `recovered`, `reset` and `bye`.',
      'The id of a `log` message is the number of its last event. After a break ask again with that number as `from`, or let an EventSource send it as `Last-Event-ID`: if both are sent, `from` is ignored: no event is left out and none comes twice.',
      '`reset` ends the stream, since the events after `from` cannot be given: `archived`, they have left the log; `log_went_back`, a backup was restored. Load the `snapshot`, and go on from the number in its header `interlock-version`. After `bye` (the server stops, or you were too slow) ask again.',
    ].join('\n\n'),
    type: 'text/event-stream',
    query: { from: seq.describe('events after this one; 0 unless given') },
  },
}

/** The actions, by which the queue is changed, in words. */
export const actions: Readonly<Record<Lever, OperationWords>> = {
  move: { id: 'moveJob', summary: 'puts a waiting job before another one' },
  prioritize: { id: 'prioritizeJob', summary: 'gives a waiting job another priority' },
  cancel: {
    id: 'cancelJob',
    summary: 'cancels a job: a waiting one stops waiting, a running one is asked to end',
  },
  retry: { id: 'retryDeadLetters', summary: 'puts dead letters in line again' },
  drop: { id: 'dropDeadLetters', summary: 'removes dead letters from the list; they cannot be retried then' },
  'pause-model': {
    id: 'pauseModel',
    summary: 'pauses a model, for a time or until it is resumed: no job that needs it starts',
  },
  'resume-model': { id: 'resumeModel', summary: 'resumes a paused model' },
  capacity: { id: 'setCapacity', summary: 'sets how many jobs may have a model at once' },
  rate: { id: 'setRate', summary: 'sets how many jobs may start on a model in a time' },
  policy: {
    id: 'setPolicy',
    summary: 'changes fields of the policy; those that you leave out stay',
    says: 'One field: `{ "policy": { "maxActive": 4 } }`. The fields are those of `Policy`; ranges are in the refusal.',
  },
  drain: { id: 'drain', summary: 'drains the queue: no job starts any more' },
  resume: { id: 'resume', summary: 'resumes a queue that drains or is drained' },
}

/** The other addresses that take a body. */
export const posts: Readonly<Record<string, PostOperation>> = {
  '/api/queues/{queue}/changes': {
    id: 'changeJobs',
    summary: 'changes many jobs by one command, or shows which jobs these would be',
    says: [
      'In two calls. `{ "change": { "do": "cancel" }, "filter": { "states": ["waiting"], "error": "TimeoutError" } }` is answered with a preview and changes nothing; a filter that names more than 1,000 jobs is refused (413). `{ "preview": … }` with that answer changes them; jobs that have changed since are left out and named.',
      '`filter` has the names of the library: `states` and `fairKey`, which the query of `jobs` calls `state` and `customer`. Dead letters of one error are retried with `{ "change": { "do": "retry" }, "filter": { "error": "TimeoutError" } }`; to see their errors first: `GET …/dead?error=TimeoutError`.',
      'The grant has to allow the action: `cancel`, `move`, `prioritize`, `retry`, and `drop` for `delete`. A filter by `payload` or `error` needs `data`.',
    ].join('\n\n'),
    body: changesSchema,
    answer: changeAnswerSchema,
  },
  '/api/queues/{queue}/quote': {
    id: 'quote',
    summary: 'what would come of a job if you enqueued it now; nothing is enqueued',
    says: 'A viewer may ask.',
    body: quotedJobSchema,
    answer: quoteSchema,
  },
  '/api/queues/{queue}/report': {
    id: 'report',
    summary: 'the statement of an audit as Markdown, to file',
    says: 'A viewer may ask. Nothing is read or written.',
    body: statementSchema,
    answer: reportSchema,
  },
}
