/** In which order test files run, so that the processors are never without work and no run ends with a long file. */
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** One project after the other: files that share processes follow each other. The last one has the shortest files. */
const projects = ['alone', 'database alone', 'database', 'pure']

/** What a file takes that is not named here. */
const SECONDS = 3

/** What the longest files take, which a fresh clone cannot know. */
const working: Readonly<Record<string, number>> = {
  'bench/quick': 80,
  'docs/examples': 45,
  'contract/pglite-owner': 45,
  'sim/sim': 33,
  'migrate/plans': 26,
  'e2e/run': 20,
  'cli/what-if-trace': 20,
  'property/all-decisions': 35,
  'process/combiner': 19,
  'process/restored': 18,
  'process/fair': 17,
  'process/fail-over': 15,
  'migrate/first-coordinator': 15,
  'e2e/outage': 14,
  'e2e/rebuild': 13,
  'e2e/first-day': 12,
  'dashboard/browser/look': 11,
  'property/oracle': 10,
  'core/many-attempts': 8,
  'property/liveness': 6,
}

/** The same of those that mostly wait: for a lease to run out, for a server that does not answer, for what must not happen. */
const waiting: Readonly<Record<string, number>> = {
  'e2e/killed': 35,
  'dashboard/browser/load': 31,
  'process/killed': 30,
  'supabase/frugal': 20,
  'supabase/cut': 20,
  'process/workflows': 19,
  'prometheus/alerts': 19,
  'contract/mutants': 19,
  'e2e/package': 18,
  'contract/postgres-unconfirmed': 40,
  'contract/postgres-replicated': 17,
  'process/python': 15,
  'coordinator/slow-link': 14,
  'dashboard/browser/levers': 13,
  'supabase/announced': 12,
  'process/hold': 10,
  'supabase/inbox': 9,
  'dashboard/browser/postgres': 9,
  'process/held': 6,
  'migrate/old-transaction': 6,
  'process/stopped': 6,
  'worker/store-faults': 5,
  'coordinator/lease': 5,
  'coordinator/unreadable': 5,
  'contract/clock': 5,
  'contract/postgres-hosts': 5,
  'contract/postgres-half-open': 5,
  'migrate/growth': 5,
  'migrate/projection-faults': 5,
}

/** All that are named here, from the folder of the tests. */
export const named: readonly string[] = [...Object.keys(working), ...Object.keys(waiting)]

type File = Pick<TestSpecification, 'moduleId'>

const nameOf = ({ moduleId }: File) =>
  moduleId.slice(moduleId.lastIndexOf('/test/') + '/test/'.length, -'.test.ts'.length)

const secondsOf = (file: File) => {
  const name = nameOf(file)
  return waiting[name] ?? working[name] ?? SECONDS
}

const waits = (file: File) => nameOf(file) in waiting

/** Longest first, each with the share of their time that is over when it begins: from 0 to 1. */
function startsOf<Each extends File>(files: readonly Each[]): readonly (readonly [Each, number])[] {
  const sorted = files.toSorted((a, b) => secondsOf(b) - secondsOf(a))
  const whole = sorted.reduce((sum, file) => sum + secondsOf(file), 0)
  let before = 0
  return sorted.map((file) => {
    const start = before / whole
    before += secondsOf(file)
    return [file, start] as const
  })
}

/** The longest first, and those that wait spread over the whole run: some of them side by side leave the processors idle. */
export function interleaved<Each extends File>(files: readonly Each[]): Each[] {
  const starts = [...startsOf(files.filter((file) => !waits(file))), ...startsOf(files.filter(waits))]
  return starts.toSorted(([, a], [, b]) => a - b).map(([file]) => file)
}

export class RunOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return projects.flatMap((name) => interleaved(sorted.filter(({ project }) => project.name === name)))
  }
}
