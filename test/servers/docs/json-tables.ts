/** The fields of documents that `--json` prints, from the comments of their types. */
import { described } from './comments.ts'

/** Where a part of a document stands, and the declaration that tells of it. */
type Part = readonly [at: string, file: string, opening: string]

const stats = 'src/tools/insight/stats'
const says = 'src/engine/core/says'
const told = 'src/tools/history/documents.ts'

/** Parts that many documents have, by the names of their types. */
const shapes: Readonly<Record<string, string>> = {
  Summary: 'a summary',
  Policy: 'a policy',
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
    ['', 'src/engine/coordinator/api/calls.ts', 'export interface Quote'],
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
    .flatMap(([, file, opening]) => described(file, opening))
    .flatMap(({ name, text, isList, type }) => {
      const field = `${inside}${name}${isList ? '[]' : ''}`
      return [[`\`${field}\``, shaped(type) + sentence(text)], ...rows(parts, `${field}.`)]
    })

/** Where the fields of its type are told: `[a summary](#a-summary): `. */
function shaped(type: string): string {
  const shape = shapes[type]
  return shape === undefined ? '' : `[${shape}](#${shape.replace(' ', '-')}): `
}

/** As a cell begins and ends. */
const sentence = (text: string): string =>
  text
    .replace(/\.$/, '')
    .replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase())
    .replaceAll(/\b([Nn]ull|[Ff]alse)(?=:)/g, (word) => `\`${word.toLowerCase()}\``)

export const jsonTables = Object.fromEntries(
  Object.entries(documents).map(([name, parts]) => [
    name,
    () => [['field', 'what it says'], ...rows(parts)] as const,
  ]),
)
