import type { OverlapRule, Uses } from '../../../src/engine/core/index.ts'
import type { DurationText, EnqueueInput, PolicyInput } from '../../../src/engine/events/index.ts'

/** One job of a run: everything that asks for it asks for the same. */
export interface SimJob {
  readonly id: string
  readonly models: readonly string[]
  /** How long its handler works, or each of its steps. */
  readonly ms: number
  /** So many of its first attempts fail. */
  readonly fails: number
  readonly asks?: NonNullable<EnqueueInput['asks']>
  readonly modes?: NonNullable<EnqueueInput['modes']>
  readonly uses?: Uses
  readonly fairKey?: string
  /** What it says at its end that it has used; absent: it says nothing. */
  readonly used?: Uses
  /** Half-way, its handler gives back the first of its models. */
  readonly gives?: true
  /** The model of each step; absent: a job of one piece. */
  readonly steps?: readonly string[]
  readonly hold?: 'all' | 'step'
  /** Enqueued with it, one that comes while another has the same key is not put in line. */
  readonly dedupe?: NonNullable<EnqueueInput['dedupe']>
  /** Jobs of one flow come in one call. */
  readonly flow?: string
  readonly after?: readonly SimParent[]
  /** The job whose handler adds it. */
  readonly addedBy?: string
  /** It has one attempt, and fails for good in its first life. */
  readonly dies?: boolean
}

export interface SimParent {
  readonly job: string
  /** Its child runs also if it does not complete. */
  readonly goesOn: boolean
}

/** A schedule of a run. Its jobs are named by their due times. */
export interface SimSchedule {
  readonly id: string
  readonly every: DurationText
  readonly model: string
  readonly overlap: OverlapRule
  /** How long each of its handlers works. */
  readonly ms: number
}

export interface SimMember {
  /** Jobs at once in its worker; 0: it has none. */
  readonly slots: number
  /** It takes up whatever comes on `ready$`. */
  readonly observes: boolean
  /** How many jobs its handler takes at once; absent: one. */
  readonly batch?: number
  /** The places that it serves; absent: it says nothing of them. */
  readonly serves?: readonly string[]
  /** How many models it keeps loaded; absent: it says nothing of them. */
  readonly keeps?: number
}

interface By {
  /** Number of the process that does it, or that it happens to. */
  readonly who: number
}

interface Of extends By {
  readonly job: number
}

/** Calls of a database that is far away, or whose disk is slow. */
export interface Slow {
  /** All of them, or those of one name. */
  readonly calls: string
  /** So many times as long as the network takes, one way. */
  readonly times: number
  /** Appends take that time one after the other, with the lock of the queue. */
  readonly locks: boolean
  /** What is added to `times` until it ends, little by little. */
  readonly grows?: number
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
  /** All jobs of its flow are enqueued in one call. */
  | ({ readonly do: 'flow' } & Of)
  /** It is cancelled, and all that come after it. */
  | ({ readonly do: 'prune' } & Of)
  /** If it is a dead letter, it is put in line again, with all that failed because of it. */
  | ({ readonly do: 'revive' } & Of)
  /** A release of the service declares its schedules: without one of them, and with a priority of its own. */
  | ({ readonly do: 'declare'; readonly revision: number } & By)
  /** A model or a place is paused, for so long. */
  | ({ readonly do: 'pause'; readonly model: string; readonly ms: number } & By)
  /** The operator sets another policy. */
  | { readonly do: 'policy'; readonly policy: SimPolicy }
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
  /** Calls take longer, by {@link Slow}; in the end by so many times more. */
  | ({ readonly do: 'slow'; readonly ms: number; readonly grows?: number } & Slow)
  /** The database stands still: what it is asked meanwhile it does afterwards, whether somebody still waits for it or not. */
  | { readonly do: 'stall'; readonly ms: number }
  /** A backup is made, and so long afterwards it is put in the place of the database. */
  | { readonly do: 'restore'; readonly ms: number }
  /**
   * So long afterwards the server dies; after `ms` another takes over. It has not had the beats of the last `lag`, and its clock is
   * `skew` ahead of the other's.
   */
  | { readonly do: 'fail_over'; readonly ms: number; readonly lag: number; readonly skew: number }

/** What it does not say is as a queue without a policy has it. */
export type SimPolicy = Exclude<PolicyInput, string>

/** Everything that a run is made of. The same script gives the same run. */
export interface Script {
  /** Of all chances: delays, losses, ids. */
  readonly seed: number
  readonly members: readonly SimMember[]
  readonly jobs: readonly SimJob[]
  readonly schedules?: readonly SimSchedule[]
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
    /** The database is slow all the time. */
    readonly slow?: Slow
    /** After so long a client takes a call for unanswered; infinite unless given. */
    readonly answerMs?: number
  }
  /** Milliseconds, where they differ from those of other runs. */
  readonly times?: Partial<Record<'leaseMs' | 'graceMs' | 'pollMs' | 'patienceMs', number>>
  /** After healing, a job starts at least once in the time of so many appends, as long as one waits that never started. */
  readonly startsWithin?: number
  /** One with capacities comes back when all is healed. */
  readonly policy: SimPolicy
  /** Joins when all else is healed, so that there is somebody for every job; absent: one that serves everything. */
  readonly rescuer?: SimMember
  readonly acts: readonly (Act & { readonly at: number })[]
}
