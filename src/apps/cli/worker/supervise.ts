import { type ChildProcess, fork } from 'node:child_process'
import type { Frame } from '../frame.ts'
import type { Told } from '../interrupt.ts'
import { mainFile } from '../worker-command.ts'

/** The longest pause before a process that keeps dying is started again, in milliseconds. */
const LONGEST_REST_MS = 30_000
/** A process that lived this long counts as healthy: the next pause is short again. */
const HEALTHY_MS = 60_000

/** Nothing has to be told to a process that has ended meanwhile. */
const hasEnded = () => {}

/**
 * Runs several worker processes and tells them when to stop. One that dies is replaced, after a pause that grows while it keeps
 * dying. If this process is killed, the workers drain by themselves. The jobs of a dead worker start again when its lease is
 * over.
 */
export class Supervisor {
  readonly #frame: Frame
  readonly #wordsOf: (number: number) => readonly string[]
  readonly #children = new Set<ChildProcess>()
  readonly #rests = new Set<NodeJS.Timeout>()
  readonly #ended = Promise.withResolvers<void>()
  #stopping = false

  /** @param wordsOf the command line of each of them, by its number from 1 */
  constructor(frame: Frame, wordsOf: (number: number) => readonly string[]) {
    this.#frame = frame
    this.#wordsOf = wordsOf
  }

  /** Resolves when all workers have ended after the signal to stop. */
  async run(processes: number): Promise<void> {
    for (let number = 1; number <= processes; number++) this.#start(number, 0)
    const { signal, onHurry } = this.#frame.surface
    signal.addEventListener('abort', () => this.#stop(), { once: true })
    onHurry?.(() => this.#tell('hurry'))
    if (signal.aborted) this.#stop()
    await this.#ended.promise
  }

  #start(number: number, deaths: number): void {
    // Detached: Ctrl-C in the terminal reaches only this process, which passes it on.
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const child = fork(mainFile, [...this.#wordsOf(number)], {
      stdio: [...stdio],
      execArgv: [],
      detached: true,
    })
    const since = performance.now()
    this.#children.add(child)
    const ended = (end: string) => {
      if (!this.#children.delete(child)) return
      const lived = performance.now() - since
      if (this.#stopping) this.#endWhenAllHave()
      else this.#replace(number, lived > HEALTHY_MS ? 0 : deaths + 1, end)
    }
    child.once('exit', (code, signal) => ended(`(process ${child.pid}) ended by ${signal ?? `code ${code}`}`))
    // There may be no room for another process now. What else fails is followed by its end.
    child.on('error', ({ message }) => child.pid === undefined && ended(`could not be started (${message})`))
  }

  #replace(number: number, deaths: number, end: string): void {
    const rest = deaths <= 1 ? 0 : Math.min(LONGEST_REST_MS, 500 * 2 ** (deaths - 2))
    const when = rest === 0 ? 'now' : `in ${rest / 1_000} s`
    this.#frame.note(`worker ${number} ${end}; another one starts ${when}`)
    const timer = setTimeout(() => {
      this.#rests.delete(timer)
      this.#start(number, deaths)
    }, rest)
    this.#rests.add(timer)
  }

  #stop(): void {
    this.#stopping = true
    for (const rest of this.#rests) clearTimeout(rest)
    this.#tell('stop')
    this.#endWhenAllHave()
  }

  /** Not by a signal: where every process of a service gets the first one, it would be their second. */
  #tell(what: Told): void {
    for (const child of this.#children) child.send(what, hasEnded)
  }

  #endWhenAllHave(): void {
    if (this.#children.size === 0) this.#ended.resolve()
  }
}
