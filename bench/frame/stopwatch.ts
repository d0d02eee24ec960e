/** What a piece of work took. */
export interface Taken {
  readonly wallMs: number
  /** Of this thread alone: what it takes whatever else uses the processors. */
  readonly cpuMs: number
}

export function stopwatch(): () => Taken {
  const cpu = process.threadCpuUsage()
  const wall = performance.now()
  return () => {
    const { user, system } = process.threadCpuUsage(cpu)
    return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1_000 }
  }
}
