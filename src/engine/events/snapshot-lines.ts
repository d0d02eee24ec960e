import * as z from 'zod'
import {
  InterlockError,
  outcomes,
  SNAPSHOT_SHAPE,
  type SnapshotLine,
  snapshotKeys,
  snapshotRemedy,
} from '../core/index.ts'
import { pathText } from './invalid.ts'
import { policySchema } from './policy.ts'

/** Describes a snapshot: which process made it, and in how many chunks it is kept. */
export interface SnapshotHead {
  readonly shape: number
  readonly maker: string
  readonly chunks: number
  /** SHA-256 of its lines, each with its line end; absent: an older release kept it. */
  readonly digest?: string
}

const OLDEST_SHAPE = 3

const headSchema = z.looseObject({
  // Lines of shapes 3 and 4 are read as they are: they have no flows, or no servers.
  shape: z.int().min(OLDEST_SHAPE).max(SNAPSHOT_SHAPE),
  maker: z.string(),
  chunks: z.int().min(1),
  digest: z.string().exactOptional(),
})

const shapeSchema = z.looseObject({ shape: z.int().min(1) })

/**
 * The head of a snapshot.
 * @throws InterlockError `database_newer` for a newer release's; `corrupt_log` for a damaged one
 */
export function decodeSnapshotHead(seq: number, state: unknown): SnapshotHead {
  return orDamaged(seq, 'state', () => {
    const { shape } = shapeSchema.parse(state)
    if (shape > SNAPSHOT_SHAPE) throw tooNew(seq, shape)
    return headSchema.parse(state)
  })
}

const integer = z.int()
const text = z.string()
const time = integer.nullable()
const bits = z.tuple([integer, z.array(integer), z.literal([0, 1]), z.literal([0, 1])])

const passes = z.array(z.tuple([text, z.number(), integer, z.number(), integer]))

const unusual = z.looseObject({
  spec: z.looseObject({}).optional(),
  order: z.number().optional(),
  level: z.number().optional(),
  active: z.boolean().optional(),
  dueAt: time.optional(),
  token: integer.optional(),
  attempt: integer.optional(),
  standing: bits.optional(),
  passes: z.union([text, passes]).optional(),
})
// The last one breaks ties in line: a job that was moved may stand between two numbers.
const head = [text, z.array(text), integer, z.number()] as const
const job = z.union([z.tuple([...head]), z.tuple([...head, unusual])])

const schedule = z.looseObject({
  schedule: text,
  owner: text,
  rule: z.looseObject({ tz: text, upTo: integer, job: z.looseObject({ models: z.array(text) }) }),
  next: time,
  last: time,
  paused: z.boolean(),
})

// A part that is not counted is not there: older snapshots have no keys and no flows.
const sizes = z.partialRecord(
  z.enum([
    ...(['jobs', 'models', 'pauses', 'shares', 'keys', 'flows', 'settled', 'propagating'] as const),
    ...snapshotKeys.positions,
    ...snapshotKeys.timers,
  ]),
  integer,
)

const starts = z.array(integer).nullable()
const meter = z.tuple([integer, z.array(z.array(z.strictObject({ at: integer, sum: integer })))])

const lines = {
  queue: z.tuple([
    z.literal('queue'),
    integer,
    z.looseObject({ version: integer, epoch: integer, lastAt: integer, policy: policySchema }),
  ]),
  jobs: z.tuple([z.literal('jobs'), z.array(job)]),
  models: z.tuple([
    z.literal('models'),
    z.array(z.union([z.tuple([text, starts]), z.tuple([text, starts, meter])])),
  ]),
  pauses: z.tuple([z.literal('pauses'), z.array(z.looseObject({ model: text, until: time }))]),
  shares: z.tuple([z.literal('shares'), z.array(z.tuple([text, integer, integer]))]),
  keys: z.tuple([z.literal('keys'), z.array(z.tuple([text, integer, text, time]))]),
  timers: z.tuple([z.literal('timers'), z.enum(snapshotKeys.modelTimers), z.array(z.tuple([integer, text]))]),
  schedules: z.tuple([z.literal('schedules'), z.array(schedule)]),
  owners: z.tuple([z.literal('owners'), z.array(z.tuple([text, integer]))]),
  servers: z.tuple([z.literal('servers'), z.array(z.strictObject({ worker: text, places: z.array(text) }))]),
  keepers: z.tuple([
    z.literal('keepers'),
    z.array(
      z.strictObject({
        worker: text,
        keeps: integer,
        loaded: z.array(z.strictObject({ place: text.nullable(), model: text, at: integer })),
      }),
    ),
  ]),
  passes: z.tuple([z.literal('passes'), z.array(z.tuple([text, passes]))]),
  flows: z.tuple([z.literal('flows'), z.array(z.tuple([text, text.nullable(), integer, integer]))]),
  propagating: z.tuple([z.literal('propagating'), z.array(z.tuple([text, integer, z.enum(outcomes), text]))]),
  links: z.tuple([
    z.literal('links'),
    z.array(z.tuple([text, text, z.boolean(), z.union([integer, z.enum(outcomes)])])),
  ]),
  fair: z.tuple([
    z.literal('fair'),
    z.strictObject({
      now: integer,
      typical: integer,
      keys: z.array(z.tuple([text, integer, integer.nullable()])),
    }),
  ]),
  end: z.tuple([z.literal('end'), sizes]),
} as const satisfies Readonly<Record<SnapshotLine[0], z.ZodType>>

const kindSchema = z.enum(Object.keys(lines) as (keyof typeof lines)[])

/**
 * A line of the snapshot at this event.
 * @throws InterlockError `corrupt_log` if it is damaged
 */
export function decodeSnapshotLine(seq: number, line: string): SnapshotLine {
  return orDamaged(seq, 'line', () => {
    const value: unknown = parsed(seq, line)
    if (isPlainJobs(value)) return value
    const kind = kindSchema.parse(Array.isArray(value) ? value[0] : value)
    return lines[kind].parse(value) as unknown as SnapshotLine
  })
}

/** Rows of jobs as nearly all are: of a million, zod alone takes seconds. What it does not know is for zod to judge. */
const isPlainJobs = (value: unknown): value is SnapshotLine =>
  Array.isArray(value) &&
  value.length === 2 &&
  value[0] === 'jobs' &&
  Array.isArray(value[1]) &&
  value[1].every(isPlainJob)

function isPlainJob(row: unknown): boolean {
  if (!Array.isArray(row)) return false
  const [jobId, models, queuedAt, tie, unusual = {}] = row as readonly unknown[]
  return (
    typeof jobId === 'string' &&
    Array.isArray(models) &&
    models.every((model) => typeof model === 'string') &&
    Number.isSafeInteger(queuedAt) &&
    typeof tie === 'number' &&
    row.length < 6 &&
    isFields(unusual) &&
    Object.entries(unusual).every(
      ([name, field]) => unjudged.has(name) || (name === 'spec' && isFields(field)),
    )
  )
}

const isFields = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields that zod passes on as they are. */
const unjudged: ReadonlySet<string> = new Set(['blockedBy', 'blockedOn', 'fairRank'])

function parsed(seq: number, line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw damagedSnapshot(seq, 'a line, which is not JSON')
  }
}

/** Errors of zod mean that this snapshot is damaged. */
function orDamaged<Out>(seq: number, root: string, parse: () => Out): Out {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw damagedSnapshot(seq, pathText(root, error.issues[0]?.path ?? []))
  }
}

const damagedSnapshot = (seq: number, path: string): InterlockError =>
  new InterlockError('corrupt_log', `the snapshot at event ${seq} is damaged at ${path}; ${snapshotRemedy}`, {
    seq,
    path,
  })

function tooNew(seq: number, shape: number): InterlockError {
  return new InterlockError(
    'database_newer',
    `the snapshot at event ${seq} has the shape ${shape}, this release reads shapes up to ${SNAPSHOT_SHAPE}; upgrade interlock-queue`,
    { seq, shape, reads: SNAPSHOT_SHAPE },
  )
}
