import { Answerer } from '../frame/answerer.ts'
import type { Context } from '../frame/bench.ts'
import { migrate } from '../peers/with-interlock.ts'
import type { TelemetryOrder, TelemetryQuestion, TelemetryReport, Way } from './child.ts'

/** What the jobs of one turn took, each way. */
export type Turn = Readonly<Record<Way, TelemetryReport>>

const program = new URL('./child.ts', import.meta.url)

/** A process and a database for each way, which take turns. */
export class Crew implements AsyncDisposable {
  readonly #processes = new Map<Way, Answerer<TelemetryQuestion, TelemetryReport>>()
  readonly #urls: string[] = []
  readonly #context: Context

  static async start(
    context: Context,
    ways: readonly Way[],
    load: { readonly slots: number; readonly keys: number },
  ): Promise<Crew> {
    const crew = new Crew(context)
    for (const way of ways) await crew.#add(way, load)
    return crew
  }

  private constructor(context: Context) {
    this.#context = context
  }

  async #add(way: Way, { slots, keys }: { readonly slots: number; readonly keys: number }): Promise<void> {
    const url = await this.#context.servers.copy('interlock', migrate)
    this.#urls.push(url)
    const order: TelemetryOrder = { url, way, slots, keys }
    this.#processes.set(way, await Answerer.start<TelemetryQuestion, TelemetryReport>(program, order))
  }

  /** One after the other. @param first the place of the one that begins */
  async turn(count: number, first: number): Promise<Turn> {
    const all = [...this.#processes]
    const reports: Partial<Record<Way, TelemetryReport>> = {}
    for (const n of all.keys()) {
      const [way, process] = all[(n + first) % all.length] ?? []
      if (way !== undefined && process !== undefined) reports[way] = await process.ask({ count })
    }
    return reports as Turn
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes.values()) await process[Symbol.asyncDispose]()
    for (const url of this.#urls) await this.#context.servers.drop(url)
  }
}
