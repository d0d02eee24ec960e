import * as z from 'zod'
import type { Checkup, OutsideLine } from '../index.ts'

/** The answer of a function, of which SQL writes the keys with underscores. */
const inCamelCase = <Out>(schema: z.ZodType<Out>): z.ZodType<Out> => z.preprocess(camelCased, schema)

function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, own]) => [
      key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(own),
    ]),
  )
}

const integer = z.number().int()
const text = z.string()
const texts = z.array(text)
const backlog = z.object({ rows: integer, ageMs: integer.nullable() })
const behind = z.object({ events: integer, ageMs: integer.nullable() })
const table = z.object({ exists: z.boolean(), followed: z.boolean(), missing: texts })
const log = z.object({
  bytes: integer,
  archiveBytes: integer,
  events: integer,
  own: integer,
  oldestAt: integer.nullable(),
  week: z.object({ events: integer, ageMs: integer }).nullable(),
})

const standby = z.object({
  name: text.nullable(),
  state: text.nullable(),
  sync: text.nullable(),
  lagBytes: integer.nullable(),
  lagMs: integer.nullable(),
})

const replication = z.object({
  names: text,
  commitsWait: z.boolean().nullable().default(null),
  seesAll: z.boolean(),
  waiting: integer,
  oldestWaitMs: integer.nullable(),
  standbys: z.array(standby),
})

const accountFinding = z.object({
  check: text,
  level: z.enum(['problem', 'note']),
  what: text,
  remedy: text,
})
/** What `job_queue_checkup` answers. */
export const checkupAnswer = inCamelCase<Checkup>(
  z.object({
    now: integer,
    sessionAgeMs: integer,
    server: z.object({
      version: integer,
      synchronousCommit: text,
      offByRole: texts,
      fsync: text,
      fullPageWrites: text,
      inRecovery: z.boolean(),
    }),
    replication: replication.nullable(),
    functions: z.array(z.object({ name: text, sum: text, definer: z.boolean() })),
    realtime: z.boolean(),
    xmin: z
      .object({
        kind: text,
        application: text.nullable(),
        state: text.nullable(),
        role: text.nullable(),
        ageMs: integer,
      })
      .nullable(),
    triggers: z.array(z.object({ table: text, name: text, enabled: z.boolean() })),
    account: z.array(accountFinding),
    tables: z.object({ jobs: table, workflowExecutions: table }),
    grants: z.object({ caller: text, missing: texts, open: texts }),
    setAside: z.array(
      z.object({
        target: text,
        sqlstate: text,
        rows: integer,
        tries: integer,
        ageMs: integer,
        example: text,
      }),
    ),
    notTakenIn: z.object({ rows: integer, jobId: text.nullable(), reason: text.nullable() }),
    arrivals: backlog,
    inbox: backlog,
    behind,
    log,
    unknownRows: z.object({ old: integer, new: integer }),
    first: z.object({ activeJobId: text.nullable(), writtenAt: integer.nullable() }).nullable(),
    ends: z.array(
      z.object({ jobId: text, pid: integer.nullable(), name: text, role: text.nullable(), ageMs: integer }),
    ),
    foreignWrites: z.array(z.object({ pid: integer, role: text.nullable(), application: text })),
  }),
)

/** What `job_queue_backlog` answers. */
export const backlogAnswer = inCamelCase<OutsideLine>(
  z.object({
    behind: behind.nullable(),
    arrivals: backlog,
    inbox: backlog,
    submitted: z.array(
      z.object({ code: text, jobs: integer, jobId: text.nullable(), at: integer, message: text.nullable() }),
    ),
    ending: z.array(text),
  }),
)
