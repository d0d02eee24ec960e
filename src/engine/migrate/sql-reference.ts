import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-files.ts'
import { type SqlFunction, sqlFunctions } from './sql-functions.ts'

/** The page about the functions, made from their header comments, so that the two cannot differ. */
export const referencePage = (): string => join(packageRoot(), 'docs', 'reference', 'sql.md')

const begin = '<!-- From here on made by src/engine/migrate/bundle.ts, from migrations/functions -->'

/** The full text of {@link referencePage}: the part that people wrote, then every function. */
export function currentReference(): string {
  const written = readFileSync(referencePage(), 'utf8').split(begin)[0] ?? ''
  return `${written}${begin}\n\n${functionReference()}`
}

function functionReference(): string {
  const functions = sqlFunctions().map(describeFunction)
  const open = functions.filter((each) => !each.internal).map((each) => each.text)
  const internal = functions.filter((each) => each.internal).map((each) => each.text)
  return `## Functions\n\n${open.join('\n')}\n## Functions that only other functions call\n\n${internal.join('\n')}`
}

function describeFunction({ name, header, statement }: SqlFunction): {
  readonly internal: boolean
  readonly text: string
} {
  const [signature = ''] = statement.replace('create or replace function public.', '').split(/^language/m)
  const comment = header.trim().replace(/^-- ?/gm, '')
  return {
    internal: isInternal(comment),
    text: `### ${name}\n\n\`\`\`sql\n${signature.replace(/\s+/g, ' ').trim()}\n\`\`\`\n\n\`\`\`text\n${comment}\n\`\`\`\n`,
  }
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
