import {
  type Accepted,
  type CommandBody,
  cannotFoldOn,
  hash,
  InterlockError,
  isStaleWrite,
  type Started,
} from '../../core/index.ts'
import { atMost } from '../base/retry.ts'
import type { Incarnation } from './incarnation.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { SendOptions } from './member-api.ts'
import type { MemberParts } from './member-parts.ts'
import { isWithin, type OwnStarts } from './own-starts.ts'

interface Parts extends Pick<MemberParts, 'appends' | 'failures' | 'stopped' | 'closing' | 'owner'> {
  readonly incarnation: Incarnation
  readonly starts: OwnStarts
  readonly lifecycle: Lifecycle
}

/** Sends the commands of this process under its worker id, and gives each start that results from them its owner. */
export class Sender {
  readonly #member: Parts
  #staleWrites = 0

  constructor(member: Parts) {
    this.#member = member
  }

  /** How often a command was refused because the attempt was over, or another's. */
  get staleWrites(): number {
    return this.#staleWrites
  }

  /**
   * Sends one command and throws its refusal. By then every start for this process has its owner. The answer names the starts
   * that belong to the sender.
   */
  async send(body: CommandBody, options: SendOptions = {}): Promise<Accepted> {
    const { claim, data, isLook, as, madeAt = performance.now() } = options
    const { appends, incarnation, starts, failures, stopped } = this.#member
    await this.beReady(madeAt)
    const { workerId } = incarnation
    const id = as?.id ?? incarnation.nextCommandId()
    const sender = as?.workerId ?? workerId
    const command = { id, hash: as?.hash ?? hash(JSON.stringify(body)), workerId: sender, body }
    try {
      const whole = claim === undefined ? command : { ...command, claim }
      const sent = () => starts.during(id, () => appends.send(whole, { data, isLook, madeAt }))
      const claims = body.type === 'claim' && claim !== undefined && as === undefined
      const result = await (claims ? starts.claimed(claim, sent) : sent())
      if (Array.isArray(result))
        return { ok: true, started: result, waiting: [], bypassed: [], changed: true }
      if (!result.ok) throw new InterlockError(result.code, result.message)
      if (isOwn(as)) starts.learnStarts(result.started.filter((one) => one.workerId === workerId))
      if (endsOwn(body)) starts.learnEnd(body.jobId, body.token)
      return { ...result, started: this.#ownOf(result, options, workerId) }
    } catch (error) {
      if (isStaleWrite(error)) this.#staleWrites++
      failures.noteOfCommand(error)
      if (stopped.error !== undefined && cannotFoldOn(error)) throw await stopped.reported
      throw error
    }
  }

  /**
   * A command whose answer no caller needs. If it fails now, the next beat or poll tries again; if it is refused, the matter was
   * settled meanwhile. False if it was not carried out.
   */
  async inBackground(body: CommandBody, options: SendOptions = {}): Promise<boolean> {
    try {
      await this.send(body, options)
      return true
    } catch (error) {
      this.#member.failures.noteOfCommand(error)
      return false
    }
  }

  /** Resolves when commands can be sent. @throws InterlockError the reason why none can */
  async beReady(madeAt: number): Promise<void> {
    await this.#checkOpen()
    await this.#beRegistered(madeAt)
  }

  /** @throws InterlockError the reason why nothing can be sent, once the program may know it */
  async #checkOpen(): Promise<void> {
    const { stopped, closing, lifecycle } = this.#member
    if (stopped.error !== undefined && !closing.signal.aborted) throw await stopped.reported
    lifecycle.checkOpen()
  }

  /** A process that is not registered can start nothing: the store would count its new lease as lost. */
  async #beRegistered(madeAt: number): Promise<void> {
    const { appends, incarnation } = this.#member
    const { lease } = incarnation
    if (lease.isRegistered) return
    await atMost(appends.patience.leftMs(madeAt), lease.beat())
    await this.#checkOpen()
  }

  /** The starts of a command that belong to its sender. Before that, hands out what was started for this process. */
  #ownOf({ started }: Accepted, { claim, requester, as }: SendOptions, workerId: string): Started[] {
    const own: Started[] = []
    for (const attempt of started) {
      // A command that claims may also start jobs that this process asked for earlier.
      const mayTake = isOwn(as) && isWithin(claim, own, attempt)
      const isHere = attempt.workerId === workerId
      const isTheirs = isHere
        ? this.#member.owner.started(attempt, requester ?? (mayTake ? 'claim' : null))
        : attempt.workerId === as?.workerId
      if (isTheirs) own.push(attempt)
    }
    return own
  }
}

/** What it starts here is for its sender. */
const isOwn = (as: SendOptions['as']): boolean => as === undefined || as.isOwn === true

/** It ends one attempt, in whichever process that runs. */
function endsOwn(
  body: CommandBody,
): body is CommandBody & { readonly jobId: string; readonly token: number } {
  return ends.has(body.type) && 'token' in body && body.token !== null
}

const ends: ReadonlySet<string> = new Set<CommandBody['type']>([
  'complete',
  'fail',
  'release',
  'confirm_cancel',
])
