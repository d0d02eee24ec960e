/** The fields of documents that `--json` prints: from the comments of their types; those of events and specs from what the API over HTTP says. */
import * as z from 'zod'
import { eventSchema } from '../../../src/apps/dashboard/api/log-documents.ts'
import { specEntries } from '../../../src/engine/core/index.ts'
import { type Described, described } from './comments.ts'

/** Where a part of a document stands; a list of its fields, or the file and the first line of their declaration; and what of that is printed. */
type Part = readonly [at: string, from: string | readonly Described[], opening?: string, printed?: Printed]

interface Printed {
  /** These members; absent: all. */
  readonly only?: readonly string[]
  /** What they come with, and else are not there: a flag. */
  readonly when?: string
  /** The section that tells of them. */
  readonly asIn?: string
}

const stats = 'src/tools/insight/stats'
const says = 'src/engine/core/says'
const told = 'src/tools/history/documents.ts'
const calls = 'src/engine/coordinator/api/calls.ts'
const typed = 'src/apps/cli/command'

const field = (name: string, text: string, isList: boolean, type = ''): Described => ({
  ...{ name, text, isList, type, usual: '', isRequired: true },
})

/** The API over HTTP has numbers where `--json` has ISO texts. */
const ofText = (says: string): string => says.replace(', in microseconds since 1970', '')

const fieldOfSpec = ([name, { is, says }]: (typeof specEntries)[number]): Described =>
  field(name, ofText(says), is === 'texts')

const specFields = specEntries.map(fieldOfSpec)
/** What lists of jobs say of each. */
const listedFields = specEntries.filter(([, { listed }]) => listed).map(fieldOfSpec)

const shapesOfEvents: Readonly<Record<string, string>> = { policy: 'Policy', spec: 'JobSpec' }

/** The fields of events, as the API over HTTP describes them. */
const eventFields = Object.entries(eventSchema.shape)
  .filter(([name]) => name !== 'commandHash')
  .map(([name, schema]) => {
    const { description = '' } = schema
    const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema
    const text = name === 'at' ? ofText(description) : description
    return field(name, text, inner instanceof z.ZodArray, shapesOfEvents[name])
  })

/** Parts that many documents have, by the names of their types. */
const shapes: Readonly<Record<string, string>> = {
  Summary: 'a summary',
  Policy: 'a policy',
  JobSpec: 'a spec',
  EventDocument: 'an event',
  PauseDocument: 'a pause',
  RunningDocument: 'a job',
  ToldDocument: 'a job',
  SubmittedDocument: 'a submission',
}

const documents = {
  status: [
    ['', 'src/tools/operate/status.ts', 'export interface StatusDocument'],
    ['', told, 'export interface StateDocument'],
    ['active[].', told, 'export interface RunningDocument'],
    ['wrong[].', 'src/tools/insight/wrong.ts', 'export interface Wrong '],
    ['workers[].', `${says}/facts.ts`, 'export interface WorkerFact'],
    ['workers[].', 'src/tools/operate/workers.ts', 'export interface Working '],
    ['workers[].', 'src/tools/operate/workers.ts', 'export interface WorkerDocument'],
  ],
  queue: [
    ['', 'src/tools/operate/queue.ts', 'export interface QueueDocument'],
    ['jobs[].', told, 'export interface ToldDocument'],
  ],
  jobs: [
    ['', 'src/tools/operate/jobs.ts', 'export interface JobsDocument'],
    ['jobs[].', listedFields],
    ['jobs[].', 'src/tools/operate/jobs.ts', 'export interface FoundDocument'],
  ],
  dead: [
    [
      '[].',
      'src/engine/store/side-data.ts',
      'export interface DeadJob',
      { only: ['jobId', 'seq', 'at', 'code', 'attempts', 'spec', 'life', 'error'] },
    ],
    ['', `${typed}/dead.ts`, 'interface DropDocument', { when: '`--drop`' }],
  ],
  past: [
    ['', 'src/tools/history/replay.ts', 'export interface ReplayDocument'],
    ['jobs[].', told, 'export interface ToldDocument', { asIn: 'queue' }],
    ['', told, 'export interface StateDocument', { asIn: 'status' }],
  ],
  inForce: [
    ['', 'src/engine/core/values/policy-table.ts', 'export const policyFields', { asIn: 'a policy' }],
    ['', told, 'export interface StateDocument', { only: ['paused'] }],
  ],
  enqueued: [
    ['', `${typed}/enqueue.ts`, 'interface EnqueueDocument'],
    ['', calls, 'export interface Enqueued ', { only: ['queued', 'known', 'waiting'] }],
    ['waiting[].', 'src/engine/core/values/command.ts', 'export interface Waiting'],
    ['', 'src/apps/cli/run/enqueue-all.ts', 'export interface EnqueuedAll'],
  ],
  cancelled: [['', `${typed}/cancel.ts`, 'interface CancelDocument']],
  moved: [['', `${typed}/move.ts`, 'interface MoveDocument']],
  retried: [['', `${typed}/retry.ts`, 'interface RetryDocument']],
  paused: [['', `${typed}/pause.ts`, 'interface NewPauseDocument']],
  resumed: [
    ['', told, 'export interface StateDocument', { only: ['status', 'waitingCount'], asIn: 'status' }],
    ['', `${typed}/resume.ts`, 'interface ResumeDocument'],
  ],
  draining: [
    [
      '',
      told,
      'export interface StateDocument',
      { only: ['status', 'activeCount', 'waitingCount', 'drainedAt'], asIn: 'status' },
    ],
  ],
  adopted: [
    ['', 'src/tools/operate/adopt.ts', 'export interface AdoptDocument'],
    ['jobs[].', 'src/tools/operate/adopt.ts', 'export interface AdoptableDocument'],
    ['jobs[].', 'src/tools/operate/adopt.ts', 'export interface Candidate', { only: ['cannot', 'beware'] }],
  ],
  migrated: [
    ['', 'src/engine/migrate/migrate.ts', 'export interface MigrationOutcome'],
    ['', 'src/apps/cli/show/migration.ts', 'export interface MigrateDocument'],
    ['', `${typed}/migrate.ts`, 'interface ScriptDocument', { when: '`--print`' }],
    [
      '',
      'src/engine/migrate/supabase-file.ts',
      'export interface WrittenMigration',
      { when: '`--supabase`' },
    ],
    ['', `${typed}/migrate.ts`, 'interface UndoneDocument', { when: '`--undo`' }],
  ],
  worked: [
    ['', 'src/engine/worker/api.ts', 'export interface DrainReport'],
    ['', `${typed}/work.ts`, 'interface SupervisedDocument', { when: 'several processes' }],
  ],
  aPause: [
    ['', 'src/engine/core/values/position.ts', 'export interface ModelKey', { only: ['model'] }],
    ['', 'src/engine/core/state/ledger.ts', 'export interface Pause ', { only: ['reason', 'by'] }],
    ['', told, 'export interface PausedModel'],
    ['who.', `${says}/facts.ts`, 'export interface Operator'],
    ['', told, 'export interface PauseDocument'],
  ],
  anEvent: [['', eventFields]],
  aSpec: [['', specFields]],
  aJob: [
    ['', told, 'export interface JobDocument'],
    ['', told, 'export interface LineStanding'],
    ['', 'src/engine/core/values/job.ts', 'export interface Tries'],
  ],
  submission: [['', 'src/engine/store/tool-store.ts', 'export interface SubmittedJob']],
  change: [
    ['', 'src/tools/operate/change-jobs.ts', 'export interface ChangeDocument'],
    ['failed[].', 'src/tools/operate/change-jobs.ts', 'export interface RefusedChange'],
  ],
  flow: [
    ['', 'src/tools/operate/flow.ts', 'export interface FlowDocument'],
    ['jobs[].', 'src/tools/operate/flow.ts', 'export interface FlowJob'],
    ['links[].', 'src/tools/operate/flow.ts', 'export interface FlowLink'],
  ],
  doubt: [['', 'src/tools/operate/recover/report.ts', 'export interface RecoverDocument']],
  chain: [['', 'src/tools/history/chain.ts', 'export interface ChainDocument']],
  examination: [
    ['', 'src/tools/doctor/examine.ts', 'export interface Examination'],
    ['findings[].', 'src/engine/store/checkup.ts', 'const accountFinding'],
    ['log.', 'src/tools/doctor/sizes.ts', 'export interface LogSize'],
    ['standbys.', 'src/tools/doctor/standbys.ts', 'export interface Standbys'],
    ['standbys.servers[].', 'src/tools/doctor/standbys.ts', 'export interface Standby'],
  ],
  explanation: [
    ['', `${says}/explain.ts`, 'interface Explained {'],
    ['models[].', `${says}/explain.ts`, 'export interface ExplainedModel'],
    ['parents[].', `${says}/explain.ts`, 'export interface ExplainedParent'],
    ['', `${says}/own-position.ts`, 'export interface StartsIn'],
    ['', 'src/tools/operate/explain.ts', 'export interface RecordOfJob'],
  ],
  quote: [
    ['', calls, 'export interface Quote'],
    ['', `${says}/own-position.ts`, 'export interface StartsIn'],
  ],
  verification: [
    ['', 'src/tools/history/verify.ts', 'export interface Verification'],
    ['payloads.', 'src/tools/history/payloads.ts', 'export interface ComparedPayloads'],
  ],
  rebuilt: [['', 'src/tools/history/rebuild.ts', 'export interface Rebuilt']],
  statement: [
    ['', 'src/tools/audit/statement.ts', 'export interface Statement'],
    ['', 'src/tools/audit/violation.ts', 'export interface AuditReport'],
    ['models[].', 'src/tools/audit/use.ts', 'export interface ModelUse'],
  ],
  run: [['', 'src/apps/cli/run/report.ts', 'export interface RunReport']],
  stats: [
    ['', `${stats}/stats.ts`, 'export interface Stats'],
    ['failures.', `${stats}/failures.ts`, 'export interface FailureShare'],
    ['failures.', `${stats}/failures.ts`, 'export interface AttemptFailures'],
    ...['byPlace', 'byWorker', 'byModel'].flatMap((by): readonly Part[] => [
      [`failures.${by}[].`, `${stats}/failures.ts`, 'export interface NamedFailures'],
      [`failures.${by}[].`, `${stats}/failures.ts`, 'export interface FailureShare'],
    ]),
    ['perSlice.', `${stats}/stats.ts`, 'export interface StatsPerSlice'],
    ['models[].', `${stats}/model-levels.ts`, 'export interface ModelStats'],
    ['resources[].', `${stats}/stats.ts`, 'export interface NamedUse'],
    ['resources[].', `${stats}/use-sums.ts`, 'export interface ResourceUse'],
    ['keys.', `${stats}/share-sums.ts`, 'export interface RankedShares'],
    ['keys.top[].', `${stats}/share-sums.ts`, 'export interface ShareStats'],
    ['blocked.', `${stats}/stats.ts`, 'export interface BlockedBy'],
  ],
  whatIf: [
    ['', 'src/tools/insight/what-if/tried.ts', 'export interface WhatIf'],
    ['outcomes[].', 'src/tools/insight/what-if/tried.ts', 'export interface TriedOutcome'],
    ['outcomes[].', 'src/tools/insight/what-if/outcome.ts', 'export interface Outcome'],
  ],
  summary: [['', `${stats}/summary.ts`, 'export interface Summary']],
  kept: [['', 'src/tools/history/fold.ts', 'export interface SnapshotDocument']],
  archived: [['', 'src/tools/history/archive.ts', 'export interface ArchiveDocument']],
} as const satisfies Readonly<Record<string, readonly Part[]>>

/** Each field, and what is inside of it. */
const rows = (parts: readonly Part[], inside = ''): readonly (readonly string[])[] =>
  parts
    .filter(([at]) => at === inside)
    .flatMap(([, from, opening = '', { only, when, asIn } = {}]) => {
      const members = typeof from === 'string' ? described(from, opening, only) : from
      const fields = members.map(({ name, isList }) => `${inside}${name}${isList ? '[]' : ''}`)
      if (asIn !== undefined) return [[fields.map(code).join(', '), `as in ${linked(asIn)}`]]
      const begins = when === undefined ? '' : `with ${when}: `
      return members.flatMap(({ text, type }, i) => {
        const field = fields[i] ?? ''
        return [[code(field), begins + shaped(type) + sentence(text)], ...rows(parts, `${field}.`)]
      })
    })

const code = (field: string): string => `\`${field}\``

/** Where the fields of its type are told: `[a summary](#a-summary): `. */
function shaped(type: string): string {
  const shape = shapes[type]
  return shape === undefined ? '' : `${linked(shape)}: `
}

const linked = (section: string): string => `[${section}](#${section.replace(' ', '-')})`

/** As a cell begins and ends. */
const sentence = (text: string): string =>
  text
    .replace(/\.$/, '')
    .replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase())
    .replaceAll(/\b([Nn]ull|[Ff]alse)(?=:)/g, (word) => `\`${word.toLowerCase()}\``)

export const jsonTables = Object.fromEntries(
  Object.entries(documents).map(([name, parts]) => [
    name,
    () => [['field', 'what it says'], ...rows(parts, '[].'), ...rows(parts)] as const,
  ]),
)
