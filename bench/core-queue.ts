import {
  type Claim,
  type Command,
  type CommandBody,
  type Decision,
  decide,
  emptyLedger,
  type JobSpec,
  type Ledger,
  type Micros,
  type Policy,
  type RecordedEvent,
  specDefaults,
} from '../src/engine/core/index.ts'

const START = 1_700_000_000_000_000
const WORKER = 'w0a1b2c3d4'
const nobodyDead: ReadonlySet<string> = new Set()

/** A queue driven by the core alone, as if its store answered at once: nothing but decisions and events. */
export class CoreQueue {
  ledger: Ledger
  now = START
  #commands = 0

  constructor(ledger: Ledger = emptyLedger) {
    this.ledger = ledger
  }

  /** At another time: what is sent next happens then. */
  at(now: Micros): this {
    this.now = now
    return this
  }

  /** Decides one command of a process on the present ledger, and moves on to what it led to. */
  send(body: CommandBody, claim?: Claim, workerId = WORKER): Decision {
    return this.#decide([this.#command(body, claim, workerId)])
  }

  /** Several at once, as a group commit does; the first may come with a claim for so many jobs of any kind. */
  sendAll(bodies: readonly CommandBody[], max?: number): Decision {
    const claim = max === undefined ? undefined : { max, kinds: null }
    return this.#decide(bodies.map((body, i) => this.#command(body, i === 0 ? claim : undefined)))
  }

  setPolicy(policy: Policy): readonly RecordedEvent[] {
    return this.send({ type: 'set_policy', policy }).events
  }

  #command(body: CommandBody, claim: Claim | undefined, workerId = WORKER): Command {
    // Short and unlike each other, as a process makes them.
    const id = `w0a1b2c3d4.${(this.#commands++).toString(36)}`
    return { id, hash: 7, workerId, body, ...(claim && { claim }) }
  }

  #decide(commands: readonly Command[]): Decision {
    const decision = decide(this.ledger, commands, { now: this.now, deadWorkers: nobodyDead })
    this.ledger = decision.ledger
    this.now += 10
    return decision
  }
}

/** A job that says nothing but its id and its models. */
export function plainSpec(jobId: string, models: readonly string[]): JobSpec {
  return { jobId, jobType: 'normal', kind: 'normal', models, ...specDefaults }
}
