import { forShell, operand } from '../../../../../engine/core/index.ts'
import { changes, type EventQuery } from '../../../../../tools/history/event-query.ts'
import { zoned } from '../../data/zoned.ts'

/** A search in the log: `since:14:00 until:14:10 operator:ada type:failed job:report-7 worker:w-1 timed out`. */
export interface Query extends EventQuery {
  /** Times as they were typed. */
  readonly since: string | null
  readonly until: string | null
}

const names = ['type', 'job', 'worker', 'operator', 'since', 'until'] as const

export function queryOf(text: string): Query {
  const parts = text.split(/\s+/).filter((part) => part !== '')
  const found = parts.map((part) => /^(\w+):(.+)$/.exec(part) ?? [part])
  const isNamed = ([, name = '']: readonly string[]) => names.some((each) => each === name)
  const named = names.map((name) => [name, found.find(([, each]) => each === name)?.[2] ?? null])
  return {
    ...(Object.fromEntries(named) as unknown as Omit<Query, 'words'>),
    words: found.filter((part) => !isNamed(part)).map(([part = '']) => part),
  }
}

/** The search as an address of the API has it. */
export function addressOfSearch(query: Query): URLSearchParams {
  const address = new URLSearchParams(query.words.map((word) => ['word', word]))
  for (const name of names) {
    const value = query[name]
    if (value !== null) address.set(name, name === 'since' || name === 'until' ? zoned(value) : value)
  }
  return address
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const like = (of: string, text: string) =>
  `${of} ILIKE ${quoted(`%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`)}`

/** A search as SQL, with the details of an event in `data`, as JSON; null: one for times or people, which the command says. */
export function sqlOf(
  queue: string,
  { type, job, worker, operator, since, until, words }: Query,
): string | null {
  if (operator !== null || since !== null || until !== null) return null
  const types = type === 'changes' ? [...changes] : [type]
  const where = [
    `queue = ${quoted(queue)}`,
    ...(type === null ? [] : [`event_type IN (${types.map((each) => quoted(each ?? '')).join(', ')})`]),
    ...(job === null ? [] : [`job_id = ${quoted(job)}`]),
    ...(worker === null ? [] : [`worker_id = ${quoted(worker)}`]),
    ...words.map((word) =>
      like("concat_ws(' ', event_type, job_id, worker_id, command_id, data::text)", word),
    ),
  ]
  return `SELECT * FROM job_queue_log WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT 200;`
}

/** A search on the command line: `explain` for a job, else `log`. */
export function commandOf(queue: string, query: Query): string {
  const { type, job, worker, words } = query
  const of = queue === 'default' ? '' : ` --queue ${forShell(queue)}`
  const flags = (['since', 'until', 'operator'] as const).map((name) => {
    const value = query[name]
    return value === null ? '' : ` --${name} ${forShell(value)}`
  })
  if (job !== null && type === null && worker === null && words.length === 0 && flags.join('') === '')
    return `npx interlock-queue explain${of} ${operand(job)}`
  const isChanges = type === 'changes'
  const wanted = [...[isChanges ? null : type, job, worker].filter((each) => each !== null), ...words]
  return `npx interlock-queue log --limit 10000${of}${flags.join('')}${isChanges ? ' --changes' : ''}${wanted.map((word) => ` | grep -iF -- ${forShell(word)}`).join('')}`
}
