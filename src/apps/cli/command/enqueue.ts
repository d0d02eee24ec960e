import { type Command, Option } from 'commander'
import type { Coordinator } from '../../../engine/coordinator/index.ts'
import {
  invalidInput,
  jobEntries,
  type jobFields,
  nearestOf,
  serversOf,
  sqlName,
  type WorkerFact,
} from '../../../engine/core/index.ts'
import { type EnqueueInput, uuidV7 } from '../../../engine/events/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { agree, plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { type EnqueuedAll, enqueueAll, noteSkipped } from '../run/enqueue-all.ts'
import { strictFlag, withCoordinator } from '../store.ts'
import { table } from '../terminal/table.ts'
import { loadContract } from '../worker/load-handlers.ts'
import { columns, jobOfLine, payloadOf } from '../workload/line.ts'
import { readWorkload } from '../workload/read.ts'

type FlagsOf<Field> = Field extends { readonly flags: infer Flags } ? keyof Flags : never
type JobFlag = FlagsOf<(typeof jobFields)[keyof typeof jobFields]>
type CamelOf<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Tail>}`
  : Name
/** A job as it is typed. */
export type JobOptions = {
  readonly [Flag in JobFlag as Flag extends `--${infer Name} <${string}>` ? CamelOf<Name> : never]?: string
}

/** The options, as they are typed and as they are read, with the column of a file that says the same. */
const typed = jobEntries.flatMap(([name, { flags = {} }]) =>
  Object.keys(flags).map((text) => {
    const option = new Option(text)
    return { column: sqlName(name), flag: option.name(), option: option.attributeName() as keyof JobOptions }
  }),
)

interface Options extends JobOptions {
  readonly skipInvalid?: boolean
  readonly contract?: string
  readonly strict?: boolean
}

interface EnqueueDocument extends EnqueuedAll {
  /** The id of the job, given or made; absent: the jobs are those of a file. */
  readonly jobId?: string
}

/** How many waiting jobs are shown to people; programs get all. */
const SHOWN = 10

const customerHelp = `
Whose a job is (jobs --customer, policy set --share-waiting) programs say:
    await coordinator.enqueue({ models: ['flux-dev'], fairKey: 'acme' })
`

export function addEnqueue(cli: Cli): void {
  const command = cli.command<Options>(
    'enqueue',
    [
      [
        'enqueue jobs.csv',
        `every job of the file: columns ${columns.filter((column) => column !== 'seconds').join(', ')}; the first two are needed`,
      ],
      [
        'enqueue jobs.jsonl',
        'a line: {"job_id":"a","models":["flux-dev"],"kind":"draw","payload":{"steps":4}}',
      ],
      ['enqueue --job report-1 --models "flux-dev;upscale"', 'one job that needs two models'],
      [
        `enqueue --kind mail --payload '{"to":"ada@example.com"}'`,
        'your handler for the kind mail runs it, under a new id',
      ],
      [
        'enqueue --job report-1 --models flux-dev --once 24h',
        'not a second time within a day, also if it has ended',
      ],
      [
        'enqueue --job a --models m --dedupe-key site-7 --dedupe-while live',
        'not if a job with that key is live: that one stands for it',
      ],
      [
        'enqueue --job film --models editor --after "picture;sound?"',
        'when both have ended; `?`: whatever becomes of sound',
      ],
    ],
    async (frame, [file], options) => {
      if (options.job !== undefined && options.models === undefined && options.kind === undefined)
        frame.note(withoutModels(options.job))
      const jobs = await jobsFrom(file, options, (texts) => noteSkipped(frame, texts))
      const jobId = file === undefined ? jobs[0]?.jobId : undefined
      const contract = options.contract === undefined ? undefined : await loadContract(options.contract)
      const put = async (coordinator: Coordinator, store: LogStore) => {
        const done = await enqueueAll(frame, coordinator, jobs)
        for (const line of unservedKinds(jobs, await store.workers(frame.queue))) frame.note(line)
        return done
      }
      const done = await withCoordinator(frame, put, { contract, strict: options.strict })
      const { queued, known, waiting, deduplicated } = done
      const rows = waiting.slice(0, SHOWN).map(({ jobId, reason }) => [jobId, reason])
      const before = known.length === 0 ? '' : `, ${known.length} known (nothing was changed)`
      const doubles = deduplicated.length === 0 ? '' : `, ${doublesText(deduplicated)}`
      const heading = `${plural(queued, 'job')} put in line${before}${doubles}, ${waiting.length} ${agree(waiting.length, 'has', 'have')} to wait`
      const more =
        waiting.length > SHOWN ? [`… and ${waiting.length - SHOWN} more: npx interlock-queue queue`] : []
      const list = rows.length === 0 ? [] : [...table(['job', 'waits because'], rows), ...more]
      const made = options.job === undefined && jobId !== undefined ? [`its id: ${jobId}`] : []
      const document: EnqueueDocument = jobId === undefined ? done : { jobId, ...done }
      frame.emit(document, [heading, ...made, ...list])
    },
  )
  withJob(command)
    .option(...strictFlag)
    .option('--skip-invalid', 'skip broken lines instead of rejecting the file')
    .option(
      '--contract <file>',
      'a file whose default export is a contract (defineQueue): refuses what it does not have',
    )
    .addHelpText('after', customerHelp)
}

/** The options that say what one job is. */
export function withJob(command: Command): Command {
  for (const [, { flags = {} }] of jobEntries)
    for (const [flag, says] of Object.entries(flags)) command.option(flag, says)
  return command
}

/** `1 not: job a stands for b`. */
function doublesText(deduplicated: EnqueuedAll['deduplicated']): string {
  const [first] = deduplicated
  const more = deduplicated.length > 1 ? ', …' : ''
  return `${deduplicated.length} not (job ${first?.standsFor} stands for ${first?.jobId}${more})`
}

/**
 * A line for each kind of these jobs that no live worker has a handler for: most often a slip. Nobody is warned while no worker is
 * alive: jobs often come first.
 */
export function unservedKinds(
  jobs: readonly Pick<EnqueueInput, 'kind' | 'jobType'>[],
  workers: readonly WorkerFact[],
): readonly string[] {
  const known = workers.flatMap(({ state, kinds }) => (state === 'live' ? (kinds ?? []) : []))
  if (known.length === 0) return []
  const kinds = new Set(jobs.map(({ kind, jobType = 'normal' }) => kind ?? jobType))
  return [...kinds]
    .filter((kind) => serversOf(workers, kind).length === 0)
    .map((kind) => {
      const near = nearestOf(kind, known)
      const meant = near === null ? '' : ` (did you mean ${near}?)`
      return `kind ${kind}${meant}: no live worker has a handler for it. Its jobs wait until one has, and the jobs behind them start later`
    })
}

/** Most people who leave out models and kind forgot the models. */
const withoutModels = (job: string): string =>
  `job ${job} names no models (--models "flux-dev;upscale"): it waits for none and holds none, and the policy decides how it runs (emptySet)`

async function jobsFrom(
  file: string | undefined,
  options: Options,
  tell: (skipped: readonly string[]) => void,
): Promise<readonly EnqueueInput[]> {
  const { job, models, kind, once, skipInvalid } = options
  const isOne = job !== undefined || kind !== undefined || models !== undefined
  if (file === undefined ? !isOne : job !== undefined)
    throw invalidInput('give either a file or one job: --kind, --models or --job')
  if (file !== undefined) {
    const idle = typed.find(({ option }) => options[option] !== undefined)
    if (idle !== undefined)
      throw invalidInput(`--${idle.flag}: is for one job; in a file each line has its own`)
    const workload = await readWorkload(file, { skipInvalid, purpose: 'enqueue' })
    tell(workload.skipped)
    return workload.jobs.map(({ input }) => input)
  }
  if (job === undefined && once !== undefined)
    throw invalidInput('--once: is how long an id is taken, and a new id is never taken; give --job, too')
  return [jobOf({ ...options, job: job ?? uuidV7() })]
}

/** The job that the options say. @throws InterlockError `invalid_input` */
export function jobOf(options: JobOptions): EnqueueInput {
  const { models, payload } = options
  const fields: Record<string, unknown> = {}
  for (const { column, option } of typed) fields[column] = options[option]
  fields['models'] = models ?? ''
  fields['dedupe'] = dedupeOf(options.dedupeKey, options.dedupeWhile)
  fields['payload'] = payload === undefined ? undefined : payloadOf(payload)
  const { models: named, ...input } = jobOfLine(fields, 1, 'enqueue').input
  // What is left out is that of its kind.
  return models === undefined ? input : { ...input, models: named }
}

/** @throws InterlockError `invalid_input` if one of the two is missing */
function dedupeOf(key: string | undefined, lasts: string | undefined): unknown {
  if (key === undefined && lasts === undefined) return undefined
  if (key === undefined || lasts === undefined)
    throw invalidInput(
      'give --dedupe-key and --dedupe-while together; such as --dedupe-key site-7 --dedupe-while waiting',
    )
  return { key, while: lasts === 'waiting' || lasts === 'live' ? lasts : { within: lasts } }
}
