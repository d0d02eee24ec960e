/**
 * `npm run decisions` writes `digests.txt` again. Do it when a decision is meant to change, and say in the commit
 * which and why. Each line has a hundred runs, each run three letters.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { decisionsOf, RUNS } from './run.ts'

const PER_LINE = 100
const LETTERS = 3
const file = new URL('digests.txt', import.meta.url)

/** What the runs decided when the file was written. */
export const keptDigests = (): readonly string[] =>
  readFileSync(file, 'utf8')
    .replaceAll('\n', '')
    .match(new RegExp(`.{${LETTERS}}`, 'g')) ?? []

/** 18 bits of a hash of the canonical JSON of all events, and of what each command was told. */
export function digestOf(run: number): string {
  let digest = 0x811c9dc5
  for (const { events, results } of decisionsOf(run)) {
    digest = fold(digest, canonical(events))
    for (const result of results)
      digest = fold(digest, result.ok ? result.waiting.map(({ code }) => code).join() : result.code)
  }
  digest = Math.imul(digest ^ (digest >>> 16), 0x85ebca6b)
  return Buffer.from([digest >>> 24, digest >>> 16, digest >>> 8])
    .toString('base64url')
    .slice(0, LETTERS)
}

function fold(digest: number, text: string): number {
  let folded = digest
  for (let i = 0; i < text.length; i++) folded = Math.imul(folded ^ text.charCodeAt(i), 0x01000193)
  return folded
}

/** A field that is absent or undefined is none, and the order of fields does not matter. */
const canonical = (value: unknown): string => JSON.stringify(value, sorted)

const sorted = (_: string, value: unknown): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

function write(): void {
  const digests = Array.from({ length: RUNS }, (_, run) => digestOf(run))
  const lines = Array.from({ length: RUNS / PER_LINE }, (_, i) =>
    digests.slice(i * PER_LINE, (i + 1) * PER_LINE),
  )
  writeFileSync(file, `${lines.map((line) => line.join('')).join('\n')}\n`)
}

if (import.meta.main) write()
