/**
 * Writes src/engine/events/event-codec.ts: what the table of events says, as code that is as fast as if it were written by hand. A
 * test holds it to the table.
 *
 *   npm run generate -- codec
 */
import { writeFileSync } from 'node:fs'
import {
  dataKey,
  type EventForm,
  eventForms,
  type Field,
  mayLack,
  type ValueKind,
} from '../../../src/engine/events/event-table.ts'

const rowGuards: Readonly<Record<ValueKind, string>> = {
  ...{ text: 'isText', texts: 'areTexts', model: 'isModel', jobType: 'isJobType', reason: 'isReason' },
  ...{ failure: 'isFailure', requeue: 'isRequeue', count: 'isCount', whole: 'isWhole', int: 'isInt' },
  ...{ real: 'isReal', true: 'isTrue', boolean: 'isBoolean', dedupe: 'isDedupe', outcome: 'isOutcome' },
  ...{ pause: 'isPause', overlap: 'isOverlap', skip: 'isSkip', record: 'isRecord' },
  places: 'arePlaces',
  asks: 'areAsks',
  uses: 'areUses',
  // Its fields are judged by the schema of policies, where it is read.
  policy: 'isRecord',
}
const eventGuards: typeof rowGuards = {
  ...rowGuards,
  text: 'isSoundText',
  dedupe: 'isSoundDedupe',
  texts: 'areSoundTexts',
  places: 'areSoundPlaces',
  uses: 'areSoundUses',
}

type Entry = readonly [path: string, field: Field]
const entriesOf = ({ fields }: EventForm): readonly Entry[] => Object.entries(fields)
const isInData = ([, field]: Entry) => dataKey(field) !== null
const isNeeded = ([, field]: Entry) => !mayLack(field)
const unique = <T>(list: readonly T[]) => [...new Set(list)]

/** The value in a row. */
function read(field: Field): string {
  const key = dataKey(field)
  if (key === null) return field.is === 'model' ? 'row.models[0]' : `row.${field.in}`
  return `row.data${mayLack(field) ? '?' : ''}.${key}`
}

function literal({ usual }: Field): string {
  if (typeof usual === 'string') return `'${usual}'`
  return typeof usual === 'object' && usual !== null ? '' : JSON.stringify(usual)
}

/** Cases with the same code stand together. */
function cases(codes: readonly (readonly [string, string])[]): string {
  return unique(codes.map(([, code]) => code))
    .map((code) => {
      const names = codes.filter(([, other]) => other === code).map(([name]) => `case '${name}':`)
      return `${names.join('\n')} ${code}`
    })
    .join('\n')
}

function decoderOf(form: EventForm): string {
  const value = (path: string, field: Field): string => {
    if (field.usual === undefined) return read(field)
    if (typeof field.usual !== 'object' || field.usual === null) return `${read(field)} ?? ${literal(field)}`
    return `${read(field)} ?? ${read(form.fields[field.usual.of] ?? missing(path))}`
  }
  const written = (entries: readonly Entry[], cut: string) =>
    entries.map(([path, field]) => `${path.slice(cut.length)}: ${value(path, field)}, `).join('')
  const later = (entries: readonly Entry[], target: string, cut: string) =>
    entries.map(([path, field]) => {
      const of = `${read(field)}`
      const there = dataKey(field) === null ? `${of} != null` : `${of} !== undefined`
      return `if (${there}) ${target}.${path.slice(cut.length)} = ${of.replace('?', '')}`
    })
  const entries = entriesOf(form)
  const nests = unique(entries.flatMap(([path]) => (path.includes('.') ? [path.split('.')[0] ?? ''] : [])))
  const inside = (nest: string) => entries.filter(([path]) => path.startsWith(`${nest}.`))
  const outer = entries.filter(([path]) => !path.includes('.'))
  const fixed = (some: readonly Entry[]) => some.filter(([, { optional }]) => optional !== true)
  const free = (some: readonly Entry[]) => some.filter(([, { optional }]) => optional === true)
  const before = nests.flatMap((nest) => [
    `const ${nest}: Writable<Of['${nest}']> = { ${written(fixed(inside(nest)), `${nest}.`)} }`,
    ...later(free(inside(nest)), nest, `${nest}.`),
  ])
  const whole = `{ type: row.event_type, ${written(fixed(outer), '')}${nests.map((nest) => `${nest}, `).join('')} }`
  const after = later(free(outer), 'event', '')
  if (before.length + after.length === 0) return `return ${whole}`
  return [...before, `const event: Writable<Of> = ${whole}`, ...after, 'return event'].join('\n')
}

function missing(path: string): never {
  throw new Error(`the usual value of ${path} is that of a field that is not in the table`)
}

function encoderOf(form: EventForm): string {
  const entries = entriesOf(form)
  const columns = new Map<string, string>()
  for (const [path, field] of entries) {
    if (dataKey(field) !== null) continue
    const value = field.is === 'model' ? `[event.${path}]` : `event.${path}`
    if (field.in === 'worker_id') continue
    columns.set(
      field.in,
      field.optional
        ? `...(event.${path} === undefined ? undefined : { ${field.in}: ${value} })`
        : `${field.in}: ${value}`,
    )
  }
  const kept = entries.filter(isInData)
  const data = kept.filter(isNeeded).map(([path, field]) => `${dataKey(field)}: event.${path}, `)
  const lines = kept.flatMap(([path, field]) => {
    if (!mayLack(field)) return []
    const { usual } = field
    const than = field.optional
      ? 'undefined'
      : typeof usual === 'object' && usual
        ? `event.${usual.of}`
        : literal(field)
    return [`if (event.${path} !== ${than}) data['${dataKey(field)}'] = event.${path}`]
  })
  const version = [
    ...(form.version === undefined ? [] : [`schema_version: ${form.version}`]),
    ...entries.filter(([, { is }]) => is === 'policy').map(([path]) => `...shapeOf(event.${path})`),
    ...entries.flatMap(([path, { since }]) =>
      since === undefined
        ? []
        : [`...(event.${path} === undefined ? undefined : { schema_version: ${since} })`],
    ),
  ]
  const all = [...columns.values(), ...version]
  if (kept.length === 0) return `return { ${all.join(', ')} }`
  const own = `{ ${data.join('')} }`
  if (lines.length === 0) return `return { ${[...all, `data: ${own}`].join(', ')} }`
  return [`const data: Data = ${own}`, ...lines, `return { ${[...all, 'data'].join(', ')} }`].join('\n')
}

function rowCheckOf(form: EventForm): string {
  const entries = entriesOf(form)
  const columns = new Map<string, string>()
  for (const [, { in: column, is, optional }] of entries.filter((entry) => !isInData(entry))) {
    const isWrong = `!${rowGuards[is]}(row['${column}'])`
    const check = optional ? `!isNothing(row['${column}']) && ${isWrong}` : isWrong
    columns.set(column, `if (${check}) return column('${column}', '${is}')`)
  }
  const kept = entries.filter(isInData)
  const keys = kept.map(
    ([, field]) =>
      [
        dataKey(field) ?? '',
        `if (!${rowGuards[field.is]}(value)) return inData(key, '${field.is}')\nbreak`,
      ] as const,
  )
  const offers = ['offers', "if (!areOffers(value)) return inData(key, 'offers')\nbreak"] as const
  const lacks = kept
    .filter(isNeeded)
    .map(([, field]) => [dataKey(field), field.is] as const)
    .map(([key, is]) => `if (data['${key}'] === undefined) return inData('${key}', '${is}')`)
  return [
    ...columns.values(),
    `for (const key in data) { const value = data[key]\nswitch (key) {\n${cases([offers, ...keys])}\ndefault: return inData(key, null) } }`,
    ...lacks,
    'return null',
  ].join('\n')
}

function eventCheckOf(form: EventForm): string {
  const known = new Map<string, string>()
  const checks = entriesOf(form).map(([path, field]) => {
    const value = `event.${path.replace('.', '?.')}`
    const same = known.get(field.in)
    known.set(field.in, `event.${path}`)
    if (same !== undefined) return `${value} === ${same}`
    const guard = field.usual === false ? 'isBoolean' : eventGuards[field.is]
    const check = `${guard}(${value})`
    if (field.usual === null) return `(${value} === null || ${check})`
    return field.optional ? `(${value} === undefined || ${check})` : check
  })
  return `return ${checks.join(' && ')}`
}

const block = (code: string) => (code.includes('\n') ? `{\n${code}\n}` : code)

/** The text of the module. */
export function codecModule(): string {
  const all = eventForms
  const typed = (type: string, code: string) => block(code.replaceAll(/\bOf\b/g, `Of<'${type}'>`))
  const keys = unique(all.flatMap(([, form]) => entriesOf(form).flatMap(([, field]) => dataKey(field) ?? [])))
  const guards = unique([
    ...Object.values(rowGuards),
    'isSoundText',
    'areSoundTexts',
    'areSoundPlaces',
    'areSoundUses',
    'areOffers',
    'isSoundDedupe',
  ]).sort()
  return `// Made by \`npm run generate -- codec\` from event-table.ts: change that.
import { type Event, type EventType, type JobType, type Policy, policyVersion, type RecordedEvent } from '../core/index.ts'
import { ${guards.join(', ')} } from './event-guards.ts'
import type { EventRow } from './event-row.ts'
import type { ValueKind } from './event-table.ts'

type Of<Type extends EventType> = Event & { readonly type: Type }
type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Row = Readonly<Record<string, unknown>>
type Data = Record<string, unknown>
type Columns = Pick<EventRow, 'job_id' | 'job_type' | 'models' | 'schema_version'> & { readonly data?: Data }

/** A row without a fault. Which columns and keys are there depends on its type. */
export interface CheckedRow<Type extends EventType = EventType> {
  readonly seq: number
  readonly at: number
  readonly event_type: Type
  readonly job_id: string
  readonly job_type: JobType
  readonly models: readonly [string]
  readonly worker_id: string
  readonly data: Readonly<Record<${keys.map((key) => `'${key}'`).join(' | ')}, never>> & {
    readonly offers?: true | readonly string[]
  }
  readonly command_id: string
  readonly command_hash: number
}

type AnyRow = { readonly [Type in EventType]: CheckedRow<Type> }[EventType]

/** The event in a checked row, without what every event has. */
export function eventOf(of: CheckedRow): Event {
  const row = of as AnyRow
  switch (row.event_type) {
${cases(all.map(([type, form]) => [type, typed(type, decoderOf(form))] as const))}
    default: return row satisfies never
  }
}

/** A policy may have fields that older releases do not know. */
function shapeOf(policy: Policy): Pick<Columns, 'schema_version'> {
  const version = policyVersion(policy)
  return version === 1 ? {} : { schema_version: version }
}

/** What the row of an event has beside what every row has. */
export function columnsOf(event: Event): Columns {
  switch (event.type) {
${cases(all.map(([type, form]) => [type, block(encoderOf(form))] as const))}
    default: return event satisfies never
  }
}

/** Where a row is not what its type says, and what has to stand there. Null: nothing may. */
export interface RowFault {
  readonly path: readonly string[]
  readonly is: ValueKind | 'offers' | null
}

const column = (name: string, is: RowFault['is']): RowFault => ({ path: [name], is })
const inData = (key: string, is: RowFault['is']): RowFault => ({ path: ['data', key], is })
const isNothing = (value: unknown): boolean => value === null || value === undefined

/** The first fault in what rows of this type have beside what every row has; null: there is none. */
export function faultIn(row: Row): RowFault | null {
  const data = row['data'] ?? {}
  if (!isRecord(data)) return column('data', 'record')
  switch (row['event_type']) {
${cases(all.map(([type, form]) => [type, block(rowCheckOf(form))] as const))}
    default: return column('event_type', 'text')
  }
}

/** False for an event that is not frequent, or has something unusual about it: it has to be written and read back. */
export function isPlain(event: RecordedEvent): boolean {
  switch (event.type) {
${cases(all.flatMap(([type, form]) => (form.isFrequent ? [[type, eventCheckOf(form)] as const] : [])))}
    default: return false
  }
}
`
}

if (import.meta.main)
  writeFileSync(new URL('../../../src/engine/events/event-codec.ts', import.meta.url), codecModule())
