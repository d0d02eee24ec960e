/**
 * `npm run decisions` writes the digests of all runs again. Do it when a decision, or what a snapshot has, is meant to change, and say in the
 * commit which and why. Each line has a hundred runs, each run three letters.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Decision, emptyLedger, snapshotLines } from '../../../../src/engine/core/index.ts'
import { everythingOf } from './everything.ts'
import { decisionsOf, RUNS } from './run.ts'

const PER_LINE = 100
const LETTERS = 3

/** By file: the runs as they were before there was much to say of a job, those with everything on, and what is kept of the latter. */
export type DigestFile = 'digests' | 'everything' | 'snapshots'
export type Digests = Readonly<Partial<Record<DigestFile, string>>>

/** Runs of the same number, and what is digested of each. */
export const kinds = {
  'without what came later': (run: number): Digests => ({ digests: ofDecisions(decisionsOf(run)).digest }),
  'with everything on': (run: number): Digests => {
    const { digest, snapshot } = ofDecisions(everythingOf(run))
    return { everything: digest, snapshots: snapshot() }
  },
} as const
export type RunKind = keyof typeof kinds

const fileOf = (name: DigestFile) => new URL(`${name}.txt`, import.meta.url)

/** What the runs came to when the file was written. */
export const keptDigests = (name: DigestFile): readonly string[] =>
  readFileSync(fileOf(name), 'utf8')
    .replaceAll('\n', '')
    .match(new RegExp(`.{${LETTERS}}`, 'g')) ?? []

/** Every so manieth run that comes to something else than is kept: its number, and the file. */
export function differing(kind: RunKind, each: number): readonly string[] {
  const kept = new Map<string, readonly string[]>()
  const others: string[] = []
  for (let run = 0; run < RUNS; run += each)
    for (const [name, digest] of Object.entries(kinds[kind](run))) {
      const known = kept.get(name) ?? keptDigests(name as DigestFile)
      kept.set(name, known)
      if (known[run] !== digest) others.push(`${name} ${run}`)
    }
  return others
}

/** Of the canonical JSON of all events, and of what each command was told; and of the lines that a snapshot of the end has. */
function ofDecisions(decisions: Iterable<Decision>) {
  let digest = 0x811c9dc5
  let ledger = emptyLedger
  for (const { events, results, ledger: next } of decisions) {
    digest = fold(digest, canonical(events))
    for (const result of results)
      digest = fold(digest, result.ok ? result.waiting.map(({ code }) => code).join() : result.code)
    ledger = next
  }
  const snapshot = () => lettersOf([...snapshotLines(ledger)].map(canonical).reduce(fold, 0x811c9dc5))
  return { digest: lettersOf(digest), snapshot }
}

/** 18 bits of it. */
function lettersOf(digest: number): string {
  const mixed = Math.imul(digest ^ (digest >>> 16), 0x85ebca6b)
  return Buffer.from([mixed >>> 24, mixed >>> 16, mixed >>> 8])
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
  const files = new Map<string, string[]>()
  for (let run = 0; run < RUNS; run++)
    for (const kind of Object.values(kinds))
      for (const [name, digest] of Object.entries(kind(run))) {
        const all = files.get(name) ?? []
        files.set(name, all)
        all.push(digest)
      }
  for (const [name, digests] of files) {
    const lines = Array.from({ length: RUNS / PER_LINE }, (_, i) =>
      digests.slice(i * PER_LINE, (i + 1) * PER_LINE).join(''),
    )
    writeFileSync(fileOf(name as DigestFile), `${lines.join('\n')}\n`)
  }
}

if (import.meta.main) write()
