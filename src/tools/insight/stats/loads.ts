import {
  type Keepers,
  type Ledger,
  type Loading,
  loadingOf,
  type Policy,
  type RecordedEvent,
  withKeeper,
  withStart,
} from '../../../engine/core/index.ts'

/** What processes that keep models loaded had to load, by the policy's `loadSeconds`. */
export interface LoadStats {
  readonly loads: number
  readonly seconds: number
  /** For models that were there when a job started. */
  readonly savedSeconds: number
  /** Starts that passed jobs ahead because their models were there. */
  readonly passing: number
}

/** Follows what is loaded where through a part of the log. */
export class Loads {
  #keepers: Keepers
  #policy: Policy
  #counts: LoadStats | null = null

  constructor({ keepers, policy }: Ledger) {
    this.#keepers = keepers
    this.#policy = policy
  }

  /** Null: nothing started in a process that keeps models. */
  get counts(): LoadStats | null {
    return this.#counts
  }

  /** @returns what an attempt had to load that begins with it; undefined: nobody says what its process keeps */
  push(event: RecordedEvent): Loading | undefined {
    if (event.type === 'policy_changed') this.#policy = event.policy
    else if (event.type === 'worker_serves')
      this.#keepers = withKeeper(this.#keepers, event.workerId, event.keeps)
    else if (event.type === 'worker_gone')
      this.#keepers = withKeeper(this.#keepers, event.workerId, undefined)
    else if (event.type === 'started') return this.#start(event)
    return undefined
  }

  #start(event: RecordedEvent & { readonly type: 'started' }): Loading | undefined {
    const loading = loadingOf(this.#keepers, this.#policy, event)
    if (loading === undefined) return undefined
    const { loads, seconds, savedSeconds, passing } = this.#counts ?? noLoads
    this.#counts = {
      loads: loads + loading.loads,
      seconds: seconds + loading.seconds,
      savedSeconds: savedSeconds + loading.savedSeconds,
      passing: passing + (event.warm === undefined ? 0 : 1),
    }
    this.#keepers = withStart(this.#keepers, this.#policy, event)
    return loading
  }
}

const noLoads: LoadStats = { loads: 0, seconds: 0, savedSeconds: 0, passing: 0 }
