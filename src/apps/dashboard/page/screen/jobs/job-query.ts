import { findEntries, forShell } from '../../../../../engine/core/index.ts'
import { zoned } from '../../data/zoned.ts'

/** A search for jobs, in words that stand in the address: `state:dead model:flux-dev payload.user.id=17 older:10m`. */
export interface JobQuery {
  /** As `interlock jobs` has them, without the two dashes, in the order in which they were typed. */
  readonly words: readonly (readonly [name: string, value: string])[]
  /** What is no word of a search. */
  readonly unknown: readonly string[]
}

/** What stands before a colon. */
export const queryNames: readonly string[] = [
  'state',
  ...findEntries.map(({ word }) => word),
  'error',
  'older',
  'newer',
]

export function jobQueryOf(text: string): JobQuery {
  const parts = text.split(/\s+/).filter((part) => part !== '')
  const read = parts.map((part) => wordOf(part) ?? part)
  return {
    words: read.filter((word) => typeof word !== 'string'),
    unknown: read.filter((word) => typeof word === 'string'),
  }
}

function wordOf(part: string): readonly [string, string] | undefined {
  const [, field, value] = /^payload\.([^=]+)=(.+)$/.exec(part) ?? []
  if (field !== undefined && value !== undefined) return ['payload', `${field}=${value}`]
  const [, name = '', rest = ''] = /^(\w+):(.+)$/.exec(part) ?? []
  return queryNames.includes(name) ? [name, rest] : undefined
}

const inAddress: Readonly<Record<string, string>> = { older: 'before', newer: 'after' }

/** The search as an address of the API has it. */
export function addressOfQuery({ words }: JobQuery): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of words) {
    const [field = '', is = ''] = name === 'payload' ? cut(value) : []
    if (name === 'payload') query.append(`payload.${field}`, is)
    else query.append(inAddress[name] ?? name, name in inAddress ? zoned(value) : value)
  }
  return query
}

/** The search as a filter of a change. */
export function filterOfQuery({ words }: JobQuery): Readonly<Record<string, unknown>> {
  const of = (wanted: string) => words.filter(([name]) => name === wanted).map(([, value]) => value)
  const one = (field: string, name: string) => of(name).map((value) => [field, value] as const)
  const time = (field: string, name: string) => of(name).map((text) => [field, zoned(text)] as const)
  const [states, fields] = [of('state'), of('payload').map(cut)]
  return {
    ...(states.length === 0 ? {} : { states }),
    ...Object.fromEntries([
      ...findEntries.flatMap(({ name, word }) => one(name, word)),
      ...one('error', 'error'),
      ...time('before', 'older'),
      ...time('after', 'newer'),
    ]),
    ...(fields.length === 0
      ? {}
      : { payload: Object.fromEntries(fields.map(([field, is]) => [field, plainOf(is)])) }),
  }
}

function cut(text: string): readonly [field: string, is: string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

/** JSON where it can be, and else a text, as the API reads an address. */
const plainOf = (text: string): unknown =>
  /^(?:true|false|null|-?\d+(?:\.\d+)?)$/.test(text) ? JSON.parse(text) : text

/** The search on the command line. */
export function jobsCommandOf(queue: string, { words }: JobQuery): string {
  const of = queue === 'default' ? '' : ` --queue ${forShell(queue)}`
  return `npx interlock-queue jobs${of}${words.map(([name, value]) => ` --${name} ${forShell(value)}`).join('')}`
}
