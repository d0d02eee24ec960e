/**
 * What the doctor's functions of SQL answer, field by field: types follow from it here, the check of an answer in sql/checkup-answer.ts.
 * Times are in microseconds, ages in milliseconds.
 */
export type AnswerField =
  | 'text'
  | 'integer'
  | 'boolean'
  | { readonly oneOf: readonly string[] }
  | { readonly orNull: AnswerField }
  | readonly [each: AnswerField]
  | { readonly [name: string]: AnswerField }

/** What such a field is here. */
export type FieldValue<Field> = Field extends 'text'
  ? string
  : Field extends 'integer'
    ? number
    : Field extends 'boolean'
      ? boolean
      : Field extends { readonly oneOf: readonly (infer Word)[] }
        ? Word
        : Field extends { readonly orNull: infer Of }
          ? FieldValue<Of> | null
          : Field extends readonly [infer Each]
            ? readonly FieldValue<Each>[]
            : { readonly [Name in keyof Field]: FieldValue<Field[Name]> }

const textOrNull = { orNull: 'text' } as const
const integerOrNull = { orNull: 'integer' } as const

/** How many wait, and how long the oldest has waited; null: none waits. */
const backlog = { rows: 'integer', ageMs: integerOrNull } as const
const behind = { events: 'integer', ageMs: integerOrNull } as const

/** One of the user's tables: whether its rows follow the log, and what is missing. */
const table = { exists: 'boolean', followed: 'boolean', missing: ['text'] } as const

/** Something about the user's tables that is in the way or may be a mistake, and what to do. */
const accountFinding = {
  /** Which check, for programs: an id of the list (docs/reference/alerts.md#what-can-be-wrong). */
  check: 'text',
  /** A `problem` lasts until somebody acts; a `note` is worth a look, and may be intended. */
  level: { oneOf: ['problem', 'note'] },
  /** One sentence. */
  what: 'text',
  /** What to type or to change. */
  remedy: 'text',
} as const

/** The size of the log; `own` is this queue's part. `week`: since the first event of the last seven days. */
const log = {
  bytes: 'integer',
  archiveBytes: 'integer',
  events: 'integer',
  own: 'integer',
  oldestAt: integerOrNull,
  week: { orNull: { events: 'integer', ageMs: 'integer' } },
} as const

/** A server that follows this one. What this role may not see is null. */
const standby = {
  /** Its `application_name`. */
  name: textOrNull,
  state: textOrNull,
  /** Whether commits wait for it: `sync` and `quorum` do, `potential` may once another is gone, `async` never. */
  sync: textOrNull,
  /** What it has not on disk yet. */
  lagBytes: integerOrNull,
  lagMs: integerOrNull,
} as const

/** Replication as the primary sees it. */
const replication = {
  /** `synchronous_standby_names`; empty: no commit waits. */
  names: 'text',
  /** Commits wait as they are to, as seen on some; null: this store cannot look. */
  commitsWait: { orNull: 'boolean' },
  /** Interlock's owner may see other roles' sessions, and more of a standby than that it is there. */
  seesAll: 'boolean',
  /** Sessions whose commit waits for a standby at this moment, and how long the first of them has waited. */
  waiting: 'integer',
  oldestWaitMs: integerOrNull,
  standbys: [standby],
} as const

/** What `job_queue_checkup` saw of a database and one queue, unjudged. Its page documents every field. */
export const checkupFields = {
  now: 'integer',
  sessionAgeMs: 'integer',
  server: {
    version: 'integer',
    synchronousCommit: 'text',
    /** Roles whose own settings make it off or local. */
    offByRole: ['text'],
    fsync: 'text',
    fullPageWrites: 'text',
    inRecovery: 'boolean',
  },
  /** Null: the functions of this database are older, and do not look. */
  replication: { orNull: replication },
  /** SHA-256 of each body, in hexadecimal digits. */
  functions: [{ name: 'text', sum: 'text', definer: 'boolean' }],
  /** Whether the database can announce over Supabase Realtime. */
  realtime: 'boolean',
  /** The oldest transaction that makes the server keep old versions of rows; null: none. */
  xmin: {
    orNull: {
      kind: 'text',
      application: textOrNull,
      state: textOrNull,
      role: textOrNull,
      ageMs: 'integer',
    },
  },
  triggers: [{ table: 'text', name: 'text', enabled: 'boolean' }],
  account: [accountFinding],
  tables: { jobs: table, workflowExecutions: table },
  grants: { caller: 'text', missing: ['text'], open: ['text'] },
  setAside: [
    {
      target: 'text',
      sqlstate: 'text',
      rows: 'integer',
      tries: 'integer',
      ageMs: 'integer',
      example: 'text',
    },
  ],
  notTakenIn: { rows: 'integer', jobId: textOrNull, reason: textOrNull },
  arrivals: backlog,
  inbox: backlog,
  behind,
  log,
  unknownRows: { old: 'integer', new: 'integer' },
  /** Null if there are no tables of the first coordinator. `writtenAt` is there only if it was after the migration. */
  first: { orNull: { activeJobId: textOrNull, writtenAt: integerOrNull } },
  /** Transactions that keep the ends of running jobs at their commit (`completeIn`). `pid` null: it is prepared, and `name` is its gid. */
  ends: [{ jobId: 'text', pid: integerOrNull, name: 'text', role: textOrNull, ageMs: 'integer' }],
  foreignWrites: [{ pid: 'integer', role: textOrNull, application: 'text' }],
} as const

/** Submitted jobs that one and the same keeps. */
const submittedAs = {
  /** `undecided`, `arrived`, or why it was put off. */
  code: 'text',
  jobs: 'integer',
  /** The one that was submitted first, and when. */
  jobId: textOrNull,
  at: 'integer',
  /** Why that one was put off; null: it was not. */
  message: textOrNull,
} as const

/** What waits outside of the line, by `job_queue_backlog`. It counts at most 1,000 rows. */
export const outsideLineFields = {
  /** Events that the user's tables do not follow yet; null: no table of theirs is followed. */
  behind: { orNull: behind },
  /** Rows of `jobs` that were not taken in yet, and commands by SQL that were not decided yet. */
  arrivals: backlog,
  inbox: backlog,
  /** Submitted jobs that are not in line, each under the code that `explain` gives of it; counted up to 10,000 of each way in. */
  submitted: [submittedAs],
  /** Jobs whose handlers have committed their end, which nobody has written into the log yet; 1,000 at most. */
  ending: ['text'],
} as const

export type Checkup = FieldValue<typeof checkupFields>
export type AccountFinding = FieldValue<typeof accountFinding>
export type StandbyCheck = FieldValue<typeof standby>
export type ReplicationCheck = FieldValue<typeof replication>
export type LogCheck = FieldValue<typeof log>
export type OutsideLine = FieldValue<typeof outsideLineFields>
export type SubmittedAs = FieldValue<typeof submittedAs>
