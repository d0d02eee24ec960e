import { createHash } from 'node:crypto'
import { inSchema } from '../store/index.ts'
import { bundleNames } from './compose.ts'
import { readMigrationFile } from './package-files.ts'

export interface FunctionSum {
  /** SHA-256 of its body, in hexadecimal digits. */
  readonly sum: string
  /** Whether it runs with the rights of its owner. */
  readonly definer: boolean
}

/** The functions of this release, by name: `job_queue_checkup` should report the same for an installation. */
export function functionSums(schema?: string): ReadonlyMap<string, FunctionSum> {
  const text = inSchema(readMigrationFile(bundleNames.existing), schema)
  const statements = text.matchAll(
    /^create or replace function \w+\.(job_queue_\w+)\(([\s\S]*?)^as \$\$([\s\S]*?)\$\$;/gm,
  )
  return new Map(
    [...statements].map(([, name = '', head = '', body = '']) => [
      name,
      { sum: createHash('sha256').update(body).digest('hex'), definer: /\bsecurity definer\b/.test(head) },
    ]),
  )
}
