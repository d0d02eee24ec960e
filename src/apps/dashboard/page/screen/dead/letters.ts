import type { JobSpec, Micros } from '../../../../../engine/core/index.ts'

/** A dead letter, in the form that the server sends. */
export interface Letter {
  readonly jobId: string
  readonly seq: number
  readonly at: Micros
  readonly code: string
  readonly attempts: number
  readonly spec: JobSpec
  /** Null if the user may not see data. */
  readonly error: unknown
}

export interface LetterGroup {
  readonly key: string
  readonly error: string
  readonly models: string
  readonly letters: readonly Letter[]
}

/** What went wrong, in one line: the text of the error if the user may see it, else its code. */
export function errorText({ error, code }: Letter): string {
  const message =
    typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  return typeof message === 'string' && message !== '' ? `${code}: ${message.split('\n')[0] ?? ''}` : code
}

/** The letters that have this text in their id, their error, or a model. */
export function lettersWith(letters: readonly Letter[], text: string): readonly Letter[] {
  const wanted = text.toLowerCase()
  if (wanted === '') return letters
  const has = (each: string) => each.toLowerCase().includes(wanted)
  return letters.filter(
    (letter) => has(letter.jobId) || has(errorText(letter)) || letter.spec.models.some(has),
  )
}

/** Groups letters that have the same error and the same models, the largest group first. Numbers in an error are ignored. */
export function grouped(letters: readonly Letter[]): readonly LetterGroup[] {
  const groups = new Map<string, { key: string; error: string; models: string; letters: Letter[] }>()
  for (const letter of letters) {
    const error = errorText(letter)
    const models = letter.spec.models.join(', ') || 'no model'
    const key = `${error.replace(/\d+/g, '#')}\n${models}`
    const group = groups.get(key) ?? { key, error, models, letters: [] }
    group.letters.push(letter)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => b.letters.length - a.letters.length || (a.key < b.key ? -1 : 1))
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** What is looked for: `since:1h timed out`, those of the last hour that have this text. */
export function deadQueryOf(q: string): { readonly seconds: number | null; readonly text: string } {
  const [word, number, unit = ''] = /(?:^|\s)since:(\d+)([smhd])(?=\s|$)/.exec(q) ?? []
  if (word === undefined) return { seconds: null, text: q }
  return { seconds: Number(number) * (units[unit] ?? 0), text: q.replace(word, '').trim() }
}

export const deadWords = (seconds: number | null, text: string): string =>
  seconds === null ? text : `since:${seconds}s ${text}`
