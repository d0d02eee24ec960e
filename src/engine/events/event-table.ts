import {
  EARLY_SINCE,
  type Event,
  type EventType,
  eventTypes,
  type JobTemplate,
  NTH_SINCE,
  PASSES_STAY_SINCE,
  RETRY_OF_SINCE,
  SET_LATE_SINCE,
  type SpecField,
  specEntries,
  specFields,
  sqlName,
  USES_SINCE,
  WARM_SINCE,
  WEIGHTS_SINCE,
} from '../core/index.ts'

/** What a value in a row may be; event-guards.ts has the schema and the guards of each. */
export type ValueKind =
  | ('text' | 'texts' | 'model' | 'jobType' | 'reason' | 'failure' | 'requeue' | 'pause' | 'dedupe')
  | ('overlap' | 'skip' | 'outcome' | 'places' | 'asks' | 'uses')
  | ('count' | 'whole' | 'int' | 'real' | 'true' | 'boolean' | 'policy' | 'record')

/** Columns of a row that a field may stand in; `data.key`: a key of its `data`. */
type Column = 'job_id' | 'job_type' | 'models' | 'worker_id' | `data.${string}`

/** Where a field of an event stands in its row, and what it may be there. */
export interface Field {
  readonly in: Column
  readonly is: ValueKind
  /** What it is if the row does not have it, and with what it is left out: a value, or another field of the event. */
  readonly usual?: string | number | false | null | { readonly of: string }
  /** If the row does not have it, neither has the event. */
  readonly optional?: true
  /** Of an optional field that older releases may not do without: the version of the shape of a row that has it. */
  readonly since?: number
}

export interface EventForm {
  readonly fields: Readonly<Record<string, Field>>
  /** The version of its shape; 1 unless given. Releases that read lower ones only are kept out (`min_reader`). */
  readonly version?: number
  /** Most events of a log: they are judged by their fields before they are written, and not by writing and reading them. */
  readonly isFrequent?: true
}

/** Fields that stand in the row one by one. */
type Nested = 'spec' | 'position' | 'job'
type Own<Fields> = Exclude<
  keyof Fields,
  'type' | 'offers' | (object extends Pick<Fields, keyof Fields & 'workerId'> ? 'workerId' : never)
>
type Paths<Fields, Key extends keyof Fields = Own<Fields>> = Key extends Nested
  ? `${Key}.${keyof Fields[Key] & string}`
  : Key & string
/** Every field of every type, no more and no less: what is missing here does not compile. */
type FormTable = {
  readonly [Type in EventType]: EventForm & {
    readonly fields: Readonly<Record<Paths<Event & { readonly type: Type }>, Field>>
  }
}

const jobId = { in: 'job_id', is: 'text' } as const
const token = { in: 'data.token', is: 'count' } as const
/** Written only when true; false means that a `requeued` follows. */
const final = { in: 'data.final', is: 'true', usual: false } as const
const models = { in: 'models', is: 'texts' } as const
const model = { in: 'models', is: 'model' } as const
const workerId = { in: 'worker_id', is: 'text' } as const
const waited = {
  jobId,
  reason: { in: 'data.reason', is: 'reason' },
  blockedBy: { in: 'data.blocked_by', is: 'text', usual: null },
  model: { in: 'data.model', is: 'text', usual: null },
} as const
const schedule = { in: 'data.schedule', is: 'text' } as const
const next = { in: 'data.next', is: 'int', usual: null } as const
const revision = { in: 'data.revision', is: 'whole', optional: true } as const
const used = { in: 'data.used', is: 'uses', optional: true, since: USES_SINCE } as const
/** The fields of a table, as parts of one field of an event. */
function under<At extends string, Fields extends Readonly<Record<string, SpecField>>>(
  at: At,
  fields: Fields,
) {
  const entries = Object.entries(fields).map(([name, field]) => {
    const { usual } = field
    const from = typeof usual === 'object' && usual !== null ? { usual: { of: `${at}.${usual.of}` } } : {}
    return [`${at}.${name}`, { in: `data.${sqlName(name)}`, ...field, ...from }]
  })
  return Object.fromEntries(entries) as { readonly [Name in keyof Fields & string as `${At}.${Name}`]: Field }
}
const templateFields = Object.fromEntries(specEntries.filter(([, { ofSchedule }]) => ofSchedule)) as Readonly<
  Record<keyof JobTemplate, SpecField>
>

const ofJob = { fields: { jobId } } as const
const ofQueue = { fields: {} } as const
/** A release that does not know flows would start a job before those that it comes after. */
const FLOWS = 4
/** A release that does not know batches would take each of their jobs for one that holds its models alone. */
const BATCHES = 5
/** A release that does not know who serves what would start jobs in processes that cannot run them. */
const SERVES = 6

/**
 * Each event, once: its schema, how it is written and read, and what is checked on the way follow from here (`npm run generate -- codec` writes
 * event-codec.ts). A field or a type that is added needs a `version` that older releases do not read, unless they may do without it.
 */
const eventTable = {
  queued: {
    isFrequent: true,
    fields: {
      jobId,
      ...under('spec', specFields),
      body: { in: 'data.body', is: 'whole', optional: true },
      asked: { in: 'data.asked', is: 'boolean', optional: true },
      intake: { in: 'data.intake', is: 'true', optional: true },
      submission: { in: 'data.submission', is: 'count', optional: true },
      named: { in: 'data.named', is: 'true', optional: true },
      due: { in: 'data.due', is: 'int', optional: true },
      next: { in: 'data.next', is: 'int', optional: true },
      nth: { in: 'data.nth', is: 'count', optional: true, since: NTH_SINCE },
      retryOf: { in: 'data.retry_of', is: 'count', optional: true, since: RETRY_OF_SINCE },
    },
  },
  deduplicated: {
    fields: {
      jobId,
      standsFor: { in: 'data.stands_for', is: 'text' },
      key: { in: 'data.key', is: 'text' },
      once: { in: 'data.once', is: 'whole', optional: true },
      body: { in: 'data.body', is: 'whole', optional: true },
      hasData: { in: 'data.has_data', is: 'true', optional: true },
      payloadHash: { in: 'data.payload_hash', is: 'whole', optional: true },
      intake: { in: 'data.intake', is: 'true', optional: true },
      submission: { in: 'data.submission', is: 'count', optional: true },
    },
  },
  debounced: {
    fields: {
      jobId,
      runAt: { in: 'data.run_at', is: 'int', usual: null },
      hasData: { in: 'data.has_data', is: 'true', optional: true },
      payloadHash: { in: 'data.payload_hash', is: 'whole', optional: true },
    },
  },
  started: {
    isFrequent: true,
    fields: {
      jobId,
      workerId,
      attempt: { in: 'data.attempt', is: 'count', usual: 1 },
      models,
      // Only under a policy that names places, which older releases do not read.
      places: { in: 'data.places', is: 'places', optional: true },
      batch: { in: 'data.batch', is: 'count', optional: true, since: BATCHES },
      warm: { in: 'data.warm', is: 'real', optional: true, since: WARM_SINCE },
      without: { in: 'data.without', is: 'texts', optional: true },
      expects: { in: 'data.expects', is: 'count', optional: true, since: WEIGHTS_SINCE },
      virtualTime: { in: 'data.virtual_time', is: 'whole', optional: true, since: WEIGHTS_SINCE },
    },
  },
  completed: { isFrequent: true, fields: { jobId, token, used } },
  blocked: { isFrequent: true, fields: waited },
  conflict: { isFrequent: true, fields: waited },
  failed: {
    fields: {
      jobId,
      token: { ...token, usual: null },
      code: { in: 'data.code', is: 'failure' },
      final,
      cause: { in: 'data.cause', is: 'text', optional: true },
      used,
    },
  },
  cancel_requested: ofJob,
  cancelled: { fields: { jobId, token: { ...token, usual: null }, used } },
  expired: ofJob,
  lease_expired: { fields: { jobId, token, workerId, final } },
  detached: { fields: { jobId, token, until: { in: 'data.until', is: 'int' } } },
  model_released: { version: EARLY_SINCE, fields: { jobId, token, model } },
  requeued: {
    fields: {
      jobId,
      reason: { in: 'data.reason', is: 'requeue' },
      runAt: { in: 'data.run_at', is: 'int', usual: null },
      models: { ...models, optional: true },
    },
  },
  due: ofJob,
  asked: { fields: { jobId, asker: { in: 'data.asker', is: 'text', usual: null } } },
  bypassed: { fields: { jobId, jobType: { in: 'job_type', is: 'jobType' } } },
  reprioritized: {
    fields: {
      jobId,
      priority: { in: 'data.priority', is: 'int' },
      'position.level': { in: 'data.level', is: 'real' },
      'position.order': { in: 'data.order', is: 'int' },
      'position.tie': { in: 'data.tie', is: 'real' },
    },
  },
  policy_changed: {
    fields: {
      policy: { in: 'data.policy', is: 'policy' },
      passesStay: { in: 'data.passes_stay', is: 'true', optional: true, since: PASSES_STAY_SINCE },
    },
  },
  model_paused: {
    fields: {
      model,
      reason: { in: 'data.reason', is: 'pause' },
      until: { in: 'data.until', is: 'int', usual: null },
    },
  },
  model_resumed: { fields: { model } },
  drain_requested: ofQueue,
  drained: ofQueue,
  resumed: ofQueue,
  epoch_changed: { fields: { epoch: { in: 'data.epoch', is: 'count' } } },
  voided: {
    version: 2,
    fields: { of: { in: 'data.of', is: 'count' }, as: { in: 'data.as', is: 'record', optional: true } },
  },
  schedule_set: {
    fields: {
      schedule,
      owner: { in: 'data.owner', is: 'text' },
      revision,
      next,
      since: { in: 'data.since', is: 'int', optional: true, since: SET_LATE_SINCE },
      cron: { in: 'data.cron', is: 'text', optional: true },
      tz: { in: 'data.tz', is: 'text', usual: 'UTC' },
      everyMs: { in: 'data.every_ms', is: 'count', optional: true },
      upTo: { in: 'data.up_to', is: 'whole', usual: 1 },
      withinMs: { in: 'data.within_ms', is: 'count', usual: null },
      overlap: { in: 'data.overlap', is: 'overlap', usual: 'allow' },
      ...under('job', templateFields),
    },
  },
  schedule_removed: { fields: { schedule, revision } },
  schedule_paused: { fields: { schedule } },
  schedule_resumed: { fields: { schedule, next } },
  schedule_skipped: {
    fields: { schedule, due: { in: 'data.due', is: 'int' }, next, reason: { in: 'data.reason', is: 'skip' } },
  },
  linked: {
    version: FLOWS,
    fields: {
      jobId,
      after: { in: 'data.after', is: 'texts' },
      goesOn: { in: 'data.goes_on', is: 'true', optional: true },
      outcome: { in: 'data.outcome', is: 'outcome', optional: true },
    },
  },
  released: { version: FLOWS, fields: { jobId, runAt: { in: 'data.run_at', is: 'int', usual: null } } },
  end_propagated: { version: FLOWS, fields: { parent: { in: 'data.parent', is: 'text' } } },
  worker_serves: {
    version: SERVES,
    fields: {
      workerId,
      places: { in: 'data.places', is: 'texts', optional: true },
      keeps: { in: 'data.keeps', is: 'count', optional: true },
    },
  },
  worker_gone: {
    version: SERVES,
    fields: { workerId, left: { in: 'data.left', is: 'true', optional: true } },
  },
} as const satisfies FormTable

/** The table as a list, in the order of the event types. */
export const eventForms: readonly (readonly [EventType, EventForm])[] = eventTypes.map((type) => [
  type,
  eventTable[type],
])

/** The key of `data`; null: it stands in a column of its own. */
export const dataKey = ({ in: column }: Field): string | null =>
  column.startsWith('data.') ? column.slice('data.'.length) : null

/** The row may be without it. */
export const mayLack = ({ usual, optional }: Field): boolean => usual !== undefined || optional === true
