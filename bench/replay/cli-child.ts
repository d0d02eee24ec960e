/** Runs one command line of `interlock` in a process of its own, and answers what it took from the start of the process. */

import { makeYoung } from '../../src/apps/cli/heap.ts'
import { runCli } from '../../src/apps/cli/program.ts'
import { answer, asked } from '../frame/child.ts'
import { peakMb } from '../frame/peak.ts'

export interface Ran {
  readonly code: number
  readonly seconds: number
  readonly peakMb: number
}

makeYoung()
const { words } = asked<{ readonly words: readonly string[] }>()
const { stderr, env } = process
const stdout = { write: () => true }
const code = await runCli(words, { stdout, stderr, env, signal: new AbortController().signal })
answer({ code, seconds: performance.now() / 1_000, peakMb: peakMb() } satisfies Ran)
