import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-files.ts'
import { type SqlFunction, sqlFunctions } from './sql-functions.ts'

/** A page about functions: what people wrote, then what the header comments of the functions say, so that the two cannot differ. */
export interface ReferencePage {
  readonly file: string
  /** The full text, as it should be. */
  readonly text: string
}

const begin = '<!-- From here on made by `npm run generate`, from migrations/functions -->'

/** What people and programs call who have a queue. */
const forUsers = [
  ...[
    'job_queue_answer',
    'job_queue_archive_before',
    'job_queue_cancel_submitted',
    'job_queue_complete_in',
    'job_queue_enqueue_in',
    'job_queue_dead',
    'job_queue_drop',
    'job_queue_explain',
  ],
  ...['job_queue_forget', 'job_queue_forget_operator', 'job_queue_link', 'job_queue_project'],
  ...['job_queue_reproject', 'job_queue_request', 'job_queue_submit', 'job_queue_submitted'],
]
/** What a worker in another language calls besides. */
const forWorkers = [
  ...['job_queue_beat', 'job_queue_data_of', 'job_queue_held', 'job_queue_leave', 'job_queue_note'],
]

/** The functions that users, workers or stores call, and not only other functions. */
export const openFunctions = (): readonly SqlFunction[] =>
  sqlFunctions().filter((each) => !isInternal(commentOf(each)))

/** SQL for users, and SQL for workers in other languages. */
export function referencePages(): readonly ReferencePage[] {
  const open = openFunctions()
  return [
    pageOf('reference/sql.md', chapterOf('Functions', pick(open, forUsers))),
    pageOf('reference/sql-workers.md', chapterOf('Functions', pick(open, forWorkers))),
  ]
}

function pageOf(name: string, generated: string): ReferencePage {
  const file = join(packageRoot(), 'docs', name)
  const written = readFileSync(file, 'utf8').split(begin)[0] ?? ''
  return { file, text: `${written}${begin}\n\n${generated}` }
}

function pick(functions: readonly SqlFunction[], names: readonly string[]): readonly SqlFunction[] {
  const picked = functions.filter(({ name }) => names.includes(name))
  if (picked.length !== names.length)
    throw new Error(`a page names a function that is not there: ${names.join(', ')}`)
  return picked
}

const chapterOf = (title: string, functions: readonly SqlFunction[]): string =>
  `## ${title}\n\n${functions.map(describeFunction).join('\n')}`

const commentOf = ({ header }: SqlFunction): string => header.trim().replace(/^-- ?/gm, '')

function describeFunction(each: SqlFunction): string {
  const [signature = ''] = each.statement.replace(/^create or replace function \w+\./, '').split(/^language/m)
  return `### ${each.name}\n\n\`\`\`sql\n${signature.replace(/\s+/g, ' ').trim()}\n\`\`\`\n\n\`\`\`text\n${commentOf(each)}\n\`\`\`\n`
}

/**
 * True if the header says so, or if its first sentence names the functions that use it. Names further on only point to related
 * functions.
 */
function isInternal(comment: string): boolean {
  const [first = ''] = comment.split(/\.\s/)
  return (
    /\bInternal\b/.test(comment) ||
    /^job_queue_\w+\([^)]*\): the trigger|for job_queue_|for the functions that/.test(first)
  )
}
