import { type Command, Option } from 'commander'
import {
  type FindFlags,
  findEntries,
  forShell,
  type InterlockError,
  invalidInput,
  MICROS_PER_MS,
  type Micros,
} from '../../engine/core/index.ts'
import { momentOf, type TypedMoment } from '../../tools/format/moment.ts'
import { type FoundState, foundStates, type JobFilter, payloadValue } from '../../tools/operate/find-jobs.ts'
import { collect, oneOf } from './flag-value.ts'

/** The flags by which a command finds jobs, as they were typed. */
export interface FilterFlags extends FindFlags {
  readonly state?: readonly string[]
  readonly payload?: readonly string[]
  readonly error?: string
  readonly since?: string
  readonly until?: string
}

/** Of every command that finds jobs by what went wrong. */
export const errorFlag = [
  '--error <text>',
  'only jobs whose last error has this text; capital and small letters are the same, and _ and a space',
] as const

/**
 * @param states those that can be asked for; a single one needs no flag
 * @param usual of which jobs, unless the flag says it
 */
export function addFilterFlags(
  command: Command,
  states: readonly FoundState[],
  usual: readonly FoundState[],
): Command {
  if (states.length > 1) {
    const without = usual.length === states.length ? 'all of these' : usual.join(' and ')
    command.option(
      '--state <state>',
      `${states.join(' or ')}${states.includes('submitted') ? ' (committed, not in line yet)' : ''}; may be repeated (default: ${without})`,
      collect,
    )
  }
  for (const { flag, says } of findEntries) command.option(flag, says)
  return command
    .option('--payload <field=value>', 'only jobs whose payload has it: user.id=17; may be repeated', collect)
    .option(...errorFlag)
    .option(
      '--since <time>',
      'only jobs that came into line (active ones: that started; dead and ended ones: that ended) in the last 10m, 24h or 7d, or since 14:03:07',
    )
    .option(
      '--until <time>',
      'only jobs that did so until then: with --until 10m, ten minutes ago or earlier',
    )
    .addOption(formerly('--newer', '--since'))
    .addOption(formerly('--older', '--until'))
}

/** A flag of an earlier release: says what to type now. */
const formerly = (flag: string, now: string): Option =>
  new Option(`${flag} <time>`).hideHelp().argParser((text) => {
    throw invalidInput(`${flag} is ${now} now; type ${now} ${forShell(text)}`, flag)
  })

/**
 * The filter that the flags say.
 * @param now of the database's clock
 * @param states of which jobs, unless a flag says it
 * @param all those that a flag may say
 * @throws InterlockError `invalid_input` naming the flag
 */
export function filterIn(
  flags: FilterFlags,
  now: Micros,
  states?: readonly FoundState[],
  all: readonly FoundState[] = states ?? foundStates,
): JobFilter {
  const chosen = flags.state?.flatMap((text) => oneOf('--state', text, all) ?? [])
  return {
    states: chosen ?? states,
    ...Object.fromEntries(findEntries.map(({ name, word }) => [name, flags[word]])),
    payload: payloadIn(flags.payload),
    error: flags.error,
    since: timeOf('--since', flags.since, now, 'from'),
    until: timeOf('--until', flags.until, now, 'to'),
  }
}

/** @throws InterlockError `invalid_input` */
function payloadIn(texts: readonly string[] = []): JobFilter['payload'] {
  if (texts.length === 0) return undefined
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw invalidInput(`--payload ${text}: write field=value, such as user.id=17`, '--payload')
      return [text.slice(0, at), payloadValue(text.slice(at + 1))]
    }),
  )
}

const timeOf = (
  flag: string,
  text: string | undefined,
  now: Micros,
  end: keyof TypedMoment,
): Date | undefined =>
  text === undefined ? undefined : new Date(Math.floor(momentOf(flag, text, now)[end] / MICROS_PER_MS))

/** Whether the flags name some jobs and not all of them. */
const namesSome = (flags: FilterFlags): boolean => filterFlags.some((name) => flags[name] !== undefined)

const words = findEntries.map(({ word }) => word)
const filterFlags = ['state', ...words, 'payload', 'error', 'since', 'until'] as const

/** The flags as one types them: ` --model flux-dev`. */
export const typedFilter = (flags: FilterFlags): string =>
  filterFlags
    .flatMap((name) => [flags[name] ?? []].flat().map((text) => ` --${name} ${forShell(text)}`))
    .join('')

/** The model, which is meant most often, comes first. */
const byWords = [...new Set<string>(['model', ...words])].map((word) => `--${word}`)

/** A command takes one job, or a filter. @throws InterlockError `invalid_input` */
export function checkOneOrMany(command: string, jobId: string | undefined, flags: FilterFlags): void {
  if ((jobId === undefined) === namesSome(flags)) return
  throw invalidInput(
    jobId === undefined
      ? `${command}: which jobs? name one, or say which by ${byWords.join(', ')}, --error, --since or --until (to see them first: npx interlock-queue jobs)`
      : `${command} takes a job or a filter, not both; leave out${typedFilter(flags)}, or the job`,
  )
}

/** Of which jobs the others come after is said one by one. */
export const descendantsOfMany = (command: string): InterlockError =>
  invalidInput(`--descendants: works only with one job; name it: interlock ${command} ID --descendants`)
