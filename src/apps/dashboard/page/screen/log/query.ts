import { forShell, operand, type RecordedEvent } from '../../../../../engine/core/index.ts'
import { eventDetail } from '../../../../../tools/format/event-text.ts'

/** A search in the log: `type:failed job:report-7 worker:w-1 timed out`. */
export interface Query {
  readonly type: string | null
  readonly job: string | null
  readonly worker: string | null
  /** Words to find in the job, the worker, the command, or the details of the event. */
  readonly words: readonly string[]
}

export function queryOf(text: string): Query {
  const parts = text.split(/\s+/).filter((part) => part !== '')
  const named = (name: string) =>
    parts
      .find((part) => part.startsWith(`${name}:`) && part.length > name.length + 1)
      ?.slice(name.length + 1) ?? null
  const words = parts.filter((part) => !/^(type|job|worker):/.test(part)).map((part) => part.toLowerCase())
  return { type: named('type'), job: named('job'), worker: named('worker'), words }
}

export function matches(event: RecordedEvent, { type, job, worker, words }: Query): boolean {
  if (type !== null && event.type !== type) return false
  const jobId = 'jobId' in event ? event.jobId : ''
  if (job !== null && jobId !== job) return false
  if (worker !== null && event.workerId !== worker) return false
  if (words.length === 0) return true
  const text =
    `${event.type} ${jobId} ${event.workerId ?? ''} ${event.commandId} ${eventDetail(event)}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A search as SQL. The details of an event are in `data`, as JSON. */
export function sqlOf(queue: string, { type, job, worker, words }: Query): string {
  const like = (word: string) => {
    const pattern = quoted(`%${word.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`)
    return `concat_ws(' ', event_type, job_id, worker_id, command_id, data::text) ILIKE ${pattern}`
  }
  const where = [
    `queue = ${quoted(queue)}`,
    ...(type === null ? [] : [`event_type = ${quoted(type)}`]),
    ...(job === null ? [] : [`job_id = ${quoted(job)}`]),
    ...(worker === null ? [] : [`worker_id = ${quoted(worker)}`]),
    ...words.map(like),
  ]
  return `SELECT * FROM job_queue_log WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT 200;`
}

/** A search on the command line: `history` for a job, else `log`. */
export function commandOf(queue: string, { type, job, worker, words }: Query): string {
  const of = queue === 'default' ? '' : ` --queue ${forShell(queue)}`
  if (job !== null && type === null && worker === null && words.length === 0)
    return `npx interlock-queue explain${of} ${operand(job)}`
  const wanted = [...[type, job, worker].filter((each) => each !== null), ...words]
  return `npx interlock-queue log --limit 10000${of}${wanted.map((word) => ` | grep -iF -- ${forShell(word)}`).join('')}`
}
