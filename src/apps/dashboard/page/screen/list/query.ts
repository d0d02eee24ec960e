import { findEntries, forShell, operand } from '../../../../../engine/core/index.ts'
import { changes } from '../../../../../tools/history/event-query.ts'
import { zoned } from '../../data/zoned.ts'

/** What can be listed: jobs as they stand in line, those that failed for good, and events of the log. */
export const kinds = ['jobs', 'dead', 'events'] as const
export type ListKind = (typeof kinds)[number]

/** What is listed, in words that stand in the address: `dead error:"timed out" since:1h`, `events operator:ada`, `model:flux-dev`. */
export interface Query {
  /** Jobs unless its first word says something else. */
  readonly kind: ListKind
  /** `model:flux-dev`, in the order in which they were typed. */
  readonly words: readonly (readonly [name: string, value: string])[]
  /** What has no name: it stands in the error of a job, or in the text of an event. */
  readonly text: readonly string[]
}

const times = ['since', 'until']
const namesOf: Readonly<Record<ListKind, readonly string[]>> = {
  jobs: ['state', ...findEntries.map(({ word }) => word), 'error', ...times],
  dead: ['model', 'error', ...times],
  events: ['type', 'job', 'worker', 'operator', ...times],
}
export function queryOf(q: string): Query {
  const [first = '', ...rest] = partsOf(q)
  const kind = kinds.find((each) => each === first) ?? 'jobs'
  const read = (first === kind ? rest : partsOf(q)).map((part) => wordIn(kind, part) ?? part)
  const text = read.filter((part) => typeof part === 'string').map(unquoted)
  const words = read.filter((part) => typeof part !== 'string')
  return kind === 'dead' && text.length > 0 && !words.some(([name]) => name === 'error')
    ? { kind, words: [...words, ['error', text.join(' ')]], text: [] }
    : { kind, words, text }
}

/** What the list does not know. */
export const unknownIn = ({ kind, text }: Query): string =>
  kind !== 'events' && text.length > 0
    ? `Not understood: ${text.join(' ')}. Write ${namesOf[kind].map((name) => `${name}:`).join(', ')}${kind === 'jobs' ? ' or payload.field=value' : ''}; a job by its id is found by the search at the top.`
    : ''

/** The same list with another word of this name, or with none. */
export function withWord(q: string, name: string, value: string | null): string {
  const { kind, words, text } = queryOf(q)
  const others = words.filter(([each]) => each !== name).map(written)
  const wanted = value === null ? [] : [written([name, value])]
  return [...(kind === 'jobs' ? [] : [kind]), ...others, ...text.map(inQuotes), ...wanted].join(' ')
}

const written = ([name, value]: readonly [string, string]): string =>
  name.startsWith('payload.') ? `${name}=${value}` : `${name}:${inQuotes(value)}`
const inQuotes = (text: string): string => (/\s/.test(text) ? `"${text}"` : text)

/** What is in quotes is one part. */
const partsOf = (q: string): readonly string[] => q.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []
const unquoted = (text: string): string => text.replace(/^"|"$/g, '')

function wordIn(kind: ListKind, part: string): readonly [string, string] | undefined {
  const [, field, is] = /^(payload\.[^=]+)=(.+)$/.exec(part) ?? []
  if (kind === 'jobs' && field !== undefined && is !== undefined) return [field, is]
  const [, name = '', value = ''] = /^(\w+):(.+)$/.exec(part) ?? []
  return namesOf[kind].includes(name) ? [name, unquoted(value)] : undefined
}

const typedTime = (name: string, value: string): string => (times.includes(name) ? zoned(value) : value)

/** The query as an address of the API has it. */
export function addressOf({ words, text }: Query): URLSearchParams {
  const address = new URLSearchParams(text.map((word) => ['word', word]))
  for (const [name, value] of words) address.append(name, typedTime(name, value))
  return address
}

const filterNames: Readonly<Record<string, string>> = Object.fromEntries(
  findEntries.map(({ word, name }) => [word, name]),
)

/** The query as a filter of a change. */
export function filterOf({ kind, words }: Query): Readonly<Record<string, unknown>> {
  const states =
    kind === 'dead' ? ['dead'] : words.flatMap(([name, value]) => (name === 'state' ? [value] : []))
  const payload = words.flatMap(([name, value]) =>
    name.startsWith('payload.') ? [[name.slice('payload.'.length), plainOf(value)]] : [],
  )
  // Of two words with one name the first counts, as in an address.
  const others = words.filter(([name]) => name !== 'state' && !name.startsWith('payload.')).toReversed()
  return {
    ...(states.length === 0 ? {} : { states }),
    ...Object.fromEntries(others.map(([name, value]) => [filterNames[name] ?? name, typedTime(name, value)])),
    ...(payload.length === 0 ? {} : { payload: Object.fromEntries(payload) }),
  }
}

/** JSON where it can be, and else a text, as the API reads an address. */
const plainOf = (text: string): unknown =>
  /^(?:true|false|null|-?\d+(?:\.\d+)?|"[^"\\]*")$/.test(text) ? JSON.parse(text) : text

/** The query on the command line: `explain` for the events of a job. */
export function commandOf(queue: string, { kind, words, text }: Query): string {
  const of = queue === 'default' ? '' : ` --queue ${forShell(queue)}`
  if (kind !== 'events') {
    const flags = words.map((word) => ` --${flagOf(word)}`)
    return `npx interlock-queue jobs${of}${kind === 'dead' ? ' --state dead' : ''}${flags.join('')}`
  }
  const [[name, jobId] = []] = words
  if (name === 'job' && jobId !== undefined && words.length + text.length === 1)
    return `npx interlock-queue explain${of} ${operand(jobId)}`
  const flags = words.map(([word, value]) => [word, value, logFlag(word, value)] as const)
  const wanted = flags.flatMap(([, value, flag]) => (flag === null ? [value] : []))
  const greps = [...wanted, ...text].map((word) => ` | grep -iF -- ${forShell(word)}`)
  return `npx interlock-queue log --limit 10000${of}${flags.map(([, , flag]) => flag ?? '').join('')}${greps.join('')}`
}

/** Null: `log` has no flag for it. */
function logFlag(word: string, value: string): string | null {
  if (word === 'type' && value === 'changes') return ' --changes'
  return word === 'operator' || times.includes(word) ? ` --${word} ${forShell(value)}` : null
}

/** As `jobs` has it. */
function flagOf([name, value]: readonly [string, string]): string {
  if (name.startsWith('payload.')) return `payload ${forShell(`${name.slice('payload.'.length)}=${value}`)}`
  return `${name} ${forShell(value)}`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const like = (of: string, text: string) =>
  `${of} ILIKE ${quoted(`%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`)}`

/** Events as SQL, with their details in `data`, as JSON; null: for times, people and jobs, which the command says. */
export function sqlOf(queue: string, { kind, words, text }: Query): string | null {
  const columns: Readonly<Record<string, string>> = { type: 'event_type', job: 'job_id', worker: 'worker_id' }
  if (kind !== 'events' || words.some(([name]) => columns[name] === undefined)) return null
  const where = [
    `queue = ${quoted(queue)}`,
    ...words.map(([name, value]) =>
      name === 'type' && value === 'changes'
        ? `event_type IN (${[...changes].map(quoted).join(', ')})`
        : `${columns[name]} = ${quoted(value)}`,
    ),
    ...text.map((word) =>
      like("concat_ws(' ', event_type, job_id, worker_id, command_id, data::text)", word),
    ),
  ]
  return `SELECT * FROM job_queue_log WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT 200;`
}
