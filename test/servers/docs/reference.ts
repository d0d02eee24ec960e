/**
 * Writes the reference pages that are made from the sources: `npm run reference`. The tables stand between
 * two marks on pages that people wrote; their sentences are the comments beside the definitions.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { exitMeanings } from '../../../src/apps/cli/exit.ts'
import {
  type Check,
  type CheckId,
  checkIds,
  checks,
  costsAttempt,
  defaultPolicy,
  jobEntries,
  policyEntries,
  type ReasonCode,
  type RequeueReason,
  reasonCodes,
  reasonTexts,
  sqlName,
} from '../../../src/engine/core/index.ts'
import { dataKey, eventForms } from '../../../src/engine/events/event-table.ts'
import { ownCode } from '../../../src/engine/store/sql/index.ts'
import { type OwnCheck, ownChecks } from '../../../src/tools/doctor/own-checks.ts'
import type { Family } from '../../../src/tools/figures/family.ts'
import { processFamilies } from '../../../src/tools/figures/process-families.ts'
import { queueFamilies } from '../../../src/tools/figures/queue-families.ts'
import { bytes, duration } from '../../../src/tools/format/index.ts'
import { causeOf, waitCauses } from '../../../src/tools/insight/stats/cause.ts'
import { currentQueries, currentRules, rules, rulesFile } from './alert-rules.ts'
import { apiTables } from './api-tables.ts'
import { cliPage, commonOptions, currentCliPage } from './cli-page.ts'
import { type Described, described } from './comments.ts'
import { detailRows } from './error-details.ts'
import { figureLabels } from './figure-labels.ts'
import { handEditRows } from './hand-edits.ts'
import { jsonTables } from './json-tables.ts'
import { pageOf, root } from './markdown.ts'
import { releaseRows } from './releases.ts'

type Cells = readonly string[]

const event = 'src/engine/core/values/event.ts'
const errorCodes = 'src/engine/core/values/error-codes.ts'
const code = (text: string): string => `\`${text}\``

const members = (
  head: Cells,
  all: readonly Described[],
  cells: (member: Described) => Cells,
): readonly Cells[] => [head, ...all.map((member) => [code(member.name), ...cells(member)])]

const options = (file: string, ...openings: readonly string[]): readonly Cells[] =>
  members(
    ['option', 'unless given', 'meaning'],
    openings.flatMap((opening) => described(file, opening)),
    ({ text, usual, isRequired }) => [usual || (isRequired ? 'required' : ''), text],
  )

/** The tables, by the name in their marks. */
const tables: Readonly<Record<string, () => readonly Cells[]>> = {
  events: () =>
    members(
      ['event', 'what happened', 'in its row'],
      described(event, 'export const eventTypes'),
      ({ name, text }) => [text, columnsOf(name)],
    ),
  reasons: () =>
    members(
      ['code', 'meaning', 'what its owner is told', 'what to do'],
      described(event, 'export const reasonCodes'),
      ({ name, text }) => {
        const { owner, remedy } = reasonTexts[name as ReasonCode]
        return [text, ...[owner, remedy].map((said) => said.slice(0, 1).toUpperCase() + said.slice(1))]
      },
    ),
  requeues: () =>
    members(
      ['reason', 'meaning', 'costs an attempt'],
      described(event, 'export const requeueReasons'),
      ({ name, text }) => [text, costsAttempt(name as RequeueReason) ? 'yes' : 'no'],
    ),
  failures: () =>
    members(['code', 'meaning'], described(event, 'export const failureCodes'), ({ text }) => [text]),
  codes: () =>
    members(
      ['code', 'meaning', 'what to do'],
      described(errorCodes, 'export const failureKinds'),
      ({ text }) => {
        const [meaning = '', remedy = ''] = text.split(' To do: ')
        return [meaning, remedy.slice(0, 1).toUpperCase() + remedy.slice(1)]
      },
    ),
  edits: handEditRows,
  releases: releaseRows,
  details: () => [['code', '`details`'], ...detailRows()],
  sqlstates: () =>
    members(
      ['SQLSTATE', '[error code](#error-codes)', 'when'],
      described('src/engine/store/sql/sqlstates.ts', 'export const sqlstates'),
      ({ name, text }) => {
        const becomes = ownCode(name)
        return [becomes === null ? '' : code(becomes), text]
      },
    ),
  job: () =>
    options('src/engine/core/values/job-table.ts', 'export const jobFields').concat(
      options('src/engine/events/job-input.ts', 'export interface JobFields').slice(1),
    ),
  coordinator: () => options('src/engine/coordinator/api/options.ts', 'export interface CoordinatorOptions'),
  worker: () =>
    options(
      'src/engine/worker/api.ts',
      'export interface JobWorkerOptions',
      'export interface JobWorkerSettings',
    ).filter(([name]) => name !== '`coordinator`'),
  dashboard: () => options('src/apps/dashboard/options.ts', 'export interface DashboardOptions'),
  grant: () => options('src/apps/dashboard/guard/grant.ts', 'export interface Grant'),
  ...apiTables,
  access: () => options('src/tools/history/access.ts', 'export interface Access'),
  tracing: () => options('src/tools/otel/options.ts', 'export interface OpenTelemetryOptions'),
  spans: () =>
    members(
      ['span', 'kind', 'made by', 'covers'],
      described('src/tools/otel/operation.ts', 'export interface Operations'),
      ({ text }) => /^(\w+), by (.+?): (.*)\.$/.exec(text)?.slice(1) ?? [],
    ),
  attributes: () =>
    members(
      ['attribute', 'on', 'value'],
      described('src/tools/otel/attributes.ts', 'export interface SpanAttributes'),
      ({ text }) => /^(.+?): (.*)\.$/.exec(text)?.slice(1) ?? [],
    ),
  commands: () =>
    members(
      ['`type`', 'fields', 'answer, beside `ok`'],
      described('src/engine/events/request.ts', 'const fieldsOf'),
      ({ text }) => {
        const [fields = '', answer = ''] = text.replace(/\.$/, '').split('. Answer: ')
        return [fields, answer]
      },
    ),
  causes: () => [
    ['cause', '[reason codes](events.md#reason-codes)'],
    ...waitCauses.map((cause) => [
      code(cause),
      reasonCodes
        .filter((reason) => causeOf(reason) === cause)
        .map(code)
        .join(', '),
    ]),
  ],
  fields: () =>
    members(
      ['field', 'value'],
      described('src/engine/coordinator/base/log-events.ts', 'export interface LogFields'),
      ({ text }) => [text],
    ),
  metrics: () =>
    options(
      'src/tools/figures/options.ts',
      'export interface MetricsOptions',
      'export interface FigureOptions',
    ),
  alerts: () => [
    ['alert', 'severity', 'fires when', 'reads'],
    ...rules.map(({ alert, severity, when, expr }) => [
      `[${alert}](#${alert.toLowerCase()})`,
      severity,
      when,
      [...new Set(expr.match(/interlock_\w+/g))].map(code).join(', '),
    ]),
  ],
  lines: () =>
    members(
      ['`event`', 'level', 'meaning'],
      described('src/engine/coordinator/base/log-events.ts', 'export const logEvents'),
      ({ text }) => /^(\w+): (.*)$/.exec(text)?.slice(1) ?? [],
    ),
  figures: () => [
    ['figure', 'type', 'labels', 'meaning'],
    ...queueFamilies([]).map(({ name, type, help }) => [
      seriesOf(name, type),
      type,
      labelsOf(name, type).map(code).join(', '),
      ownHelp(help),
    ]),
  ],
  vitals: () => [
    ['figure', 'together', 'meaning'],
    ...processFamilies([]).map(({ name, type, help }) => [
      seriesOf(name, type),
      /: (\w+) without/.exec(help)?.[1] ?? '',
      ownHelp(help),
    ]),
  ],
  checks: () => [checkHead, ...checkIds.map(checkRow)],
  ...jsonTables,
  common: () => [
    ['option of every command', 'meaning'],
    ...commonOptions().map(([flags, says]) => [code(flags), says]),
  ],
  columns: () => [
    ['column', 'as the option', 'meaning'],
    ...jobEntries.flatMap(([name, { flags = {} }]) =>
      Object.entries(flags).map(([flag, says]) => [code(sqlName(name)), code(flag), says]),
    ),
  ],
  exits: () => [['exit code', 'meaning'], ...exitMeanings.map(([exit, meaning]) => [`${exit}`, meaning])],
  doctor: () => [checkHead, ...Object.entries(ownChecks).map(ownRow)],
  policy: () =>
    members(
      ['field', 'default', '`interlock policy set`', 'meaning'],
      described('src/engine/core/values/policy-table.ts', 'export const policyFields'),
      ({ name, text }) => [usualOf(name), flagsOf(name), text],
    ),
}

const labels = await figureLabels()
function labelsOf(name: string, type: Family['type']): readonly string[] {
  const series = { counter: '_total', histogram: '_count', gauge: '', info: '_info' }[type]
  const found = labels.get(name + series)
  if (found === undefined) throw new Error(`no scrape shows ${name}`)
  return found
}

const seriesOf = (name: string, type: Family['type']): string =>
  code(type === 'counter' ? `${name}_total` : name)
/** A help text without how several processes are put together, which the page says once. */
const ownHelp = (help: string): string =>
  help.replace(/ (?:Queue-wide|Of this process|As this process sees it)\b.*$/, '')

const checkHead: Cells = ['id', 'level', 'from when', 'what', 'what to do']

function checkRow(id: CheckId): Cells {
  const { level, afterSeconds, what, remedy }: Check = checks[id]
  const when = afterSeconds === undefined ? 'at once' : `${afterSeconds} s`
  return [code(id), level, when, what, typed(remedy)]
}

function ownRow([id, { level, ms, bytes: size, what, remedy }]: readonly [string, OwnCheck]): Cells {
  const when = size === undefined ? (ms === undefined ? 'at once' : duration(ms)) : bytes(size)
  // All of them are round.
  return [code(id), level, when.replace(/\.0(?= )| 00 \w+$/, ''), what, typed(remedy)]
}

/** What is to be replaced stands out. */
const typed = (remedy: string): string => remedy.replaceAll(/<[^>]+>/g, code)

/** Which columns of `job_queue_log` and keys of its `data` an event of this type has. */
function columnsOf(type: string): string {
  const fields = Object.values(eventForms.find(([name]) => name === type)?.[1].fields ?? {})
  const columns = fields.map((field) => (dataKey(field) === null ? field.in : `data.${dataKey(field)}`))
  return [...new Set(columns)].map(code).join(', ')
}

function usualOf(name: string): string {
  const value = (defaultPolicy as Readonly<Record<string, unknown>>)[name]
  return value === undefined ? '—' : code(JSON.stringify(value).replaceAll('"', "'"))
}

function flagsOf(name: string): string {
  const rule = policyEntries.find(([field]) => field === name)?.[1]
  const parts = rule?.is === 'fields' ? Object.values(rule.fields) : [rule]
  return parts
    .flatMap((part) => part?.flag?.split(' ')[0] ?? [])
    .map(code)
    .join(', ')
}

/** A file of the documentation that a comment names, as the page links to it. */
const linked = (text: string): string =>
  text.replace(/docs\/([\w/-]+)\.md(?:#([\w-]+))?/g, (_, file: string, anchor = '') => {
    const target = path.posix.relative('reference', `${file}.md`)
    const says = (anchor || path.posix.basename(file)).replaceAll('-', ' ')
    return `[${says}](${target}${anchor && `#${anchor}`})`
  })

function markdown([head = [], ...rows]: readonly Cells[]): string {
  const line = (cells: Cells) =>
    `| ${cells.map((cell) => linked(cell).replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('  ', ' ')
  return ['', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n')
}

const marked = /(<!-- Made by `npm run reference`: (\w+) -->\n)[\s\S]*?(\n<!-- \/ -->)/g

/** The pages as they should be: what people wrote, with the tables of today. */
const tablePages = [
  ...[
    'alerts',
    'connections',
    'dashboard',
    'events',
    'errors',
    'hand-edits',
    'json',
    'library',
    'settings',
    'sql-workers',
    'telemetry',
  ],
].map((name) => `docs/reference/${name}.md`)

export const tableNames: readonly string[] = Object.keys(tables)

/** Every page that the sources make, whole or in part, by its file. */
export async function currentPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ...tablePages.map((file) => [file, withTables(pageOf(file).text)] as const),
    [rulesFile, currentRules()],
    [cliPage, withTables(await currentCliPage())],
  ])
}

const withTables = (text: string): string =>
  text.replace(
    marked,
    (_, begin, name, end) =>
      begin + (name === 'queries' ? currentQueries() : markdown(tables[name]?.() ?? [])) + end,
  )

if (import.meta.main)
  for (const [file, text] of await currentPages()) writeFileSync(path.join(root, file), text)
