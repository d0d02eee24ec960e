/** In which order test files run, so that the processors are never without work and no run ends with a long file. */
import { readFileSync } from 'node:fs'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'
import { lanes } from './lanes.ts'

/** What a file takes that does not say it. */
const SECONDS = 3

/** What a long file says in its first line, since a fresh clone cannot know it: `// Slow, 80 s: …`, or `// Slow, waits 35 s: …`. */
const said = /^\/\/ \w+, (waits )?(\d+) s:/

interface Length {
  readonly seconds: number
  /** It mostly waits: for a lease to run out, for a server that does not answer, for what must not happen. */
  readonly waits: boolean
}

/** How long a test file takes, by the first line of its text. */
export function lengthOf(text: string): Length {
  const [, waits, seconds] = said.exec(text) ?? []
  return { seconds: seconds === undefined ? SECONDS : Number(seconds), waits: waits !== undefined }
}

type Measured<Each> = readonly [file: Each, length: Length]

/** Longest first, each with the share of their time that is over when it begins: from 0 to 1. */
function startsOf<Each>(files: readonly Measured<Each>[]): readonly (readonly [Each, number])[] {
  const sorted = files.toSorted(([, a], [, b]) => b.seconds - a.seconds)
  const whole = sorted.reduce((sum, [, { seconds }]) => sum + seconds, 0)
  let before = 0
  return sorted.map(([file, { seconds }]) => {
    const start = before / whole
    before += seconds
    return [file, start] as const
  })
}

/** The longest first, and those that wait spread over the whole run: some of them side by side leave the processors idle. */
export function interleaved<Each>(files: readonly Measured<Each>[]): Each[] {
  const working = files.filter(([, { waits }]) => !waits)
  const waiting = files.filter(([, { waits }]) => waits)
  const starts = [...startsOf(working), ...startsOf(waiting)]
  return starts.toSorted(([, a], [, b]) => a - b).map(([file]) => file)
}

/** One project after the other: files that share processes follow each other. The last one has the shortest files. */
const projects = lanes.toReversed().flatMap((lane) => [`${lane} alone`, lane])

export class RunOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const measured = sorted.map((file) => [file, lengthOf(readFileSync(file.moduleId, 'utf8'))] as const)
    return projects.flatMap((name) => interleaved(measured.filter(([{ project }]) => project.name === name)))
  }
}
