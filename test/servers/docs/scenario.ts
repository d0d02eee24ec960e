/** Plays the small scripts of docs/inside/conflict-rules.md against the core: what is done stands left of the arrow, what comes of it right. */
import {
  type Command,
  type CommandBody,
  type Decision,
  decide,
  emptyLedger,
  hash,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  MICROS_PER_SECOND,
  specDefaults,
  type Waiting,
  waitingFor,
} from '../../../src/engine/core/index.ts'

export interface Line {
  readonly did: string
  /** Undefined when the page does not say. */
  readonly expected: string | undefined
}

export function linesOf(script: string): readonly Line[] {
  return script
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [did = '', expected] = line.split('→')
      return { did: did.trim().replace(/ {2,}/g, ' '), expected: expected?.trim() }
    })
}

/** One queue, one worker with any number of free slots that claims with every command, and a program at the gate. */
export class Scenario {
  #ledger: Ledger = emptyLedger
  #now = 1_700_000_000 * MICROS_PER_SECOND
  #count = 0
  #hasWorker = true

  /** What came of it, in words. */
  play(did: string): string {
    this.#now += MICROS_PER_MS
    if (did === 'no worker') this.#hasWorker = false
    if (did === 'no worker') return 'nothing'
    if (did === 'a worker') this.#hasWorker = true
    const question = /^(\S+)\?$/.exec(did)
    if (question?.[1] !== undefined) return this.#ask(question[1])
    const passed = /^([\d.]+) s pass$/.exec(did)
    if (passed !== null) this.#now += Number(passed[1]) * MICROS_PER_SECOND
    const { body, sender } = this.#commandOf(did)
    const command: Command = {
      id: `c${++this.#count}`,
      hash: hash(did),
      workerId: sender,
      body,
      ...(this.#hasWorker && sender === 'worker' ? { claim: { max: 1_000, kinds: null } } : {}),
    }
    const decision = decide(this.#ledger, [command], { now: this.#now, deadWorkers: new Set() })
    this.#ledger = decision.ledger
    return this.#tell(decision)
  }

  #tell({ events, results: [result] }: Decision): string {
    if (result === undefined || !result.ok) return `refused: ${result?.code}`
    const happened = events.flatMap((event): string[] => {
      const offers = (event.offers ?? []).map((id) => `${id} is offered`)
      switch (event.type) {
        case 'started':
          return [`${event.jobId} starts`, ...offers]
        case 'bypassed':
        case 'expired':
        case 'due':
          return [`${event.jobId} ${event.type === 'due' ? 'is due' : event.type}`, ...offers]
        case 'cancel_requested':
          return [`${event.jobId} is asked to stop`, ...offers]
        case 'drained':
          return ['drained', ...offers]
        default:
          return offers
      }
    })
    const waiting = result.waiting.map((each) => `${each.jobId} waits: ${this.#reason(each)}`)
    return [...happened, ...waiting].join('; ') || 'nothing'
  }

  #ask(jobId: string): string {
    const job = jobOf(this.#ledger, jobId)
    if (job === undefined) return 'not live'
    return job.active
      ? 'active'
      : this.#reason(waitingFor(this.#ledger, job, this.#now, () => this.#hasWorker))
  }

  #reason({ jobId, code, blockedBy }: Waiting): string {
    const on = jobOf(this.#ledger, jobId)?.blockedOn ?? null
    return [code, blockedBy === null ? '' : `, behind ${blockedBy}`, blockedBy && on ? ` on ${on}` : ''].join(
      '',
    )
  }

  #commandOf(did: string): { readonly body: CommandBody; readonly sender: string } {
    const worker = (body: CommandBody) => ({ body, sender: 'worker' })
    const [first = '', second = '', third = '', fourth = ''] = did.replaceAll(',', '').split(' ')
    if (first === 'policy') {
      const fields = JSON.parse(
        `{${did
          .slice(7)
          .replace(/(\w+):/g, '"$1":')
          .replaceAll("'", '"')}}`,
      )
      return worker({ type: 'set_policy', policy: { ...this.#ledger.policy, ...fields } })
    }
    if (first === 'pause')
      return worker({ type: 'pause_model', model: second, reason: 'by_hand', until: null })
    if (first === 'resume' && second !== '') return worker({ type: 'resume_model', model: second })
    if (did === 'drain' || did === 'resume') return worker({ type: did })
    if (did === 'a worker') return worker({ type: 'claim' })
    if (did.endsWith(' s pass')) return worker({ type: 'tick' })
    if (first === 'cancel') return worker({ type: 'cancel', jobId: second, force: third === 'force' })
    if (first === 'move') return worker({ type: 'reprioritize', jobId: second, before: fourth })
    if (second === 'needs') return worker({ type: 'enqueue', specs: [this.#specOf(did)] })
    if (second === 'asks')
      return {
        sender: 'gate',
        body: { type: 'ask', spec: this.#specOf(did), wait: did.endsWith('and stays') },
      }
    if (second === 'gives')
      return worker({ type: 'done', jobId: first, token: this.#tokenOf(first), model: fourth })
    if (second === 'ends') return worker({ type: 'complete', jobId: first, token: this.#tokenOf(first) })
    if (second === 'fails')
      return worker({
        type: 'fail',
        jobId: first,
        token: this.#tokenOf(first),
        code: 'handler_error',
        retryAt: this.#after(did),
      })
    throw new Error(`a scenario says: ${did}`)
  }

  #tokenOf(jobId: string): number {
    return jobOf(this.#ledger, jobId)?.token ?? 0
  }

  /** `in 10 s`; at once when nothing is said. */
  #after(did: string): number {
    return this.#now + Number(/in ([\d.]+) s/.exec(did)?.[1] ?? 0) * MICROS_PER_SECOND
  }

  #specOf(did: string) {
    const { jobId = '', models = '' } =
      /^(?<jobId>\S+) (?:needs|asks for) (?<models>[^\s,]+(?:, [^\s,]+)*?)(?:,? (?:priority|in|and|of|whole|with) .*)?$/.exec(
        did,
      )?.groups ?? {}
    const whole = / whole (\S+)$/.exec(did)?.[1]
    const [, amount, unit = ''] = / with (\d+) (\S+)$/.exec(did) ?? []
    return {
      ...specDefaults,
      ...(whole === undefined ? {} : { whole: [whole] }),
      ...(amount === undefined ? {} : { asks: { [models]: { [unit]: Number(amount) } } }),
      jobId,
      jobType: 'normal' as const,
      kind: 'normal',
      models: models === 'nothing' ? [] : models.split(', '),
      priority: Number(/priority (-?\d+)/.exec(did)?.[1] ?? 0),
      runAt: / in [\d.]+ s/.test(did) ? this.#after(did) : null,
      expireMs: null,
      fairKey: / of (\S+)$/.exec(did)?.[1] ?? null,
    }
  }
}
