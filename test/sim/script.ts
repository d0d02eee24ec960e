/** One job of a run: everything that asks for it asks for the same. */
export interface SimJob {
  readonly id: string
  readonly models: readonly string[]
  /** How long its handler works, or each of its steps. */
  readonly ms: number
  /** So many of its first attempts fail. */
  readonly fails: number
  /** The model of each step; absent: a job of one piece. */
  readonly steps?: readonly string[]
  readonly hold?: 'all' | 'step'
}

export interface SimMember {
  /** Jobs at once in its worker; 0: it has none. */
  readonly slots: number
  /** It takes up whatever comes on `ready$`. */
  readonly observes: boolean
}

interface By {
  /** Number of the process that does it, or that it happens to. */
  readonly who: number
}

interface Of extends By {
  readonly job: number
}

/** What is done in a run, by programs and by the world; times and lengths in milliseconds. */
export type Act =
  | ({ readonly do: 'enqueue' } & Of)
  /** A program asks at the gate and runs the job itself; `patience`: it gives up waiting after so long. */
  | ({ readonly do: 'gate'; readonly wait: boolean; readonly patience?: number } & Of)
  | ({ readonly do: 'execute'; readonly wait: boolean } & Of)
  /** It goes on with a workflow that was announced to it. */
  | ({ readonly do: 'resume' } & Of)
  | ({ readonly do: 'cancel' } & Of)
  /** The process is gone at once, and comes back after so long. */
  | ({ readonly do: 'kill'; readonly ms: number } & By)
  /** It is asked to end: it drains its worker, closes, and comes back. */
  | ({ readonly do: 'close'; readonly ms: number } & By)
  /** Nothing that it sends arrives. */
  | ({ readonly do: 'cut'; readonly ms: number } & By)
  /** Its event loop stands still. */
  | ({ readonly do: 'block'; readonly ms: number } & By)
  /** Its requests are carried out, and their answers are lost. */
  | ({ readonly do: 'mute'; readonly ms: number } & By)
  /** A backup is made, and so long afterwards it is put in the place of the database. */
  | { readonly do: 'restore'; readonly ms: number }
  /**
   * So long afterwards the server dies; after `ms` another takes over. It has not had the beats of the last `lag`, and its clock is
   * `skew` ahead of the other's.
   */
  | { readonly do: 'fail_over'; readonly ms: number; readonly lag: number; readonly skew: number }

/** Everything that a run is made of. The same script gives the same run. */
export interface Script {
  /** Of all chances: delays, losses, ids. */
  readonly seed: number
  readonly members: readonly SimMember[]
  readonly jobs: readonly SimJob[]
  readonly network: {
    /** Milliseconds that a request usually takes, one way. */
    readonly delay: number
    /** Parts of the requests that get lost, whose answer gets lost, and that arrive twice. */
    readonly lost: number
    readonly unanswered: number
    readonly doubled: number
    /** Part of the notifications that never come. */
    readonly deaf: number
    /** Whether processes can combine their commands. */
    readonly combines?: boolean
  }
  readonly policy: { readonly maxActive: number | null; readonly maxOvertakes: number | null }
  readonly acts: readonly (Act & { readonly at: number })[]
}
