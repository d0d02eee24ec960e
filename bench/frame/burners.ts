import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { compiledProgram } from './programs.ts'
import { sum } from './statistics.ts'

const program = new URL('./burner-child.ts', import.meta.url)

/** So many programs that only compute. @param nice 19: behind everybody else. @returns how to end them */
export async function startBurners(count: number, nice: number): Promise<() => void> {
  const burners = await Promise.all(Array.from({ length: count }, () => burner(nice)))
  return () => {
    for (const child of burners) child.kill('SIGKILL')
  }
}

async function burner(nice: number): Promise<ChildProcess> {
  const child = fork(await compiledProgram(program), [JSON.stringify({ nice })])
  await once(child, 'message')
  return child
}

/** The load of the machine, on average, while time passes. */
export async function loadDuring(ms: number, each: (left: number) => Promise<void>): Promise<number> {
  const loads: number[] = []
  for (const until = performance.now() + ms; performance.now() < until; ) {
    await delay(Math.min(2_000, until - performance.now()))
    loads.push(loadavg()[0] ?? 0)
    await each(Math.round((until - performance.now()) / 1_000))
  }
  return sum(loads) / loads.length
}
