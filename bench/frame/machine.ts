import os from 'node:os'
import manifest from '../../package.json' with { type: 'json' }

/** Where figures come from: without it they say little. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  /** Processes that wanted a processor in the last minute, before the first bench. More than a few: somebody else was at work. */
  readonly loadBefore: number
  readonly system: string
  readonly node: string
  readonly release: string
}

export function thisMachine(): Machine {
  const cpus = os.cpus()
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    loadBefore: os.loadavg()[0] ?? 0,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    release: `${manifest.name} ${manifest.version}`,
  }
}

export function describeMachine(machine: Machine): string {
  const { cpu, cores, memoryGb, loadBefore, system, node, release } = machine
  const load = `load ${loadBefore.toFixed(1)} before the first bench`
  return `${release} · Node ${node} · ${cpu}, ${cores} cores, ${memoryGb} GB, ${load} · ${system}`
}
