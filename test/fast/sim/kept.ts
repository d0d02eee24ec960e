import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Script } from './script.ts'
import type { Fault } from './witness.ts'

/** A script that showed a fault, made small. */
export interface Kept {
  /** What it showed, in the words of the witness. */
  readonly found: string
  readonly fault: Fault
  readonly script: Script
}

export const keptIn = fileURLToPath(new URL('kept', import.meta.url))

export function keptScripts(): readonly (readonly [file: string, kept: Kept])[] {
  const files = readdirSync(keptIn).filter((file) => file.endsWith('.json'))
  return files.toSorted().map((file) => [file, JSON.parse(readFileSync(`${keptIn}/${file}`, 'utf8')) as Kept])
}
