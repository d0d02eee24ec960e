import type { InterlockError, RecordedEvent } from '../../../src/engine/core/index.ts'
import { failOver, type SimDatabase } from './fail-over.ts'
import { Lineage } from './lineage.ts'
import { Operator } from './operator.ts'
import { Pace } from './pace.ts'
import { SimProcess, TIMES } from './process.ts'
import { type Call, Programs } from './programs.ts'
import { Progress } from './progress.ts'
import type { Act, Script, SimJob, SimMember } from './script.ts'
import type { Entry, Timeline } from './timeline.ts'
import { Witness } from './witness.ts'

const rescuer: SimMember = { slots: 2, observes: false }

/** No release of a script has it. */
const LAST_REVISION = 1_000

/** Everything that a script names, and what becomes of it. */
export class World {
  readonly witness: Witness
  readonly lines: string[] = []
  digest = 0
  /** What has happened, how often: types of events, and acts upon processes. */
  readonly counts = new Map<string, number>()
  readonly #script: Script
  readonly #timeline: Timeline
  readonly #database: SimDatabase
  readonly #pace: Pace
  readonly progress: Progress
  readonly #keepLines: boolean
  readonly #programs: Programs
  readonly #operator: Operator
  readonly #jobs: ReadonlyMap<string, SimJob>
  /** By number; what they are now, after however many restarts. */
  readonly #processes = new Map<number, SimProcess>()
  readonly #lives = new Map<number, number>()
  #isHealed = false
  /** How far the log is told of. */
  #told = 0
  /** Programs that wait for their process to join before they ask. */
  #unasked = 0

  constructor(script: Script, timeline: Timeline, database: SimDatabase, keepLines: boolean) {
    this.#script = script
    this.#timeline = timeline
    this.#database = database
    this.#pace = new Pace(timeline, script.network)
    const { leaseMs, graceMs, pollMs } = { ...TIMES, ...script.times }
    this.progress = new Progress(timeline, this.#pace, leaseMs + graceMs + pollMs)
    this.#keepLines = keepLines
    this.#jobs = new Map(script.jobs.map((job) => [job.id, job]))
    this.witness = new Witness(timeline, database, () => this.#queue, new Lineage(script.jobs))
    this.#programs = new Programs({
      witness: this.witness,
      mayFail: (job) => this.#mayFail(job),
      flowOf: ({ flow }) => script.jobs.filter((job) => job.flow === flow),
    })
    this.#operator = new Operator({
      network: this.#network,
      seed: script.seed,
      queue: () => this.#queue,
      processes: () => [...this.#processes.values()],
      onRestored: () => this.witness.restored(),
      kill: (process, ms) => this.#kill(process, ms),
    })
  }

  get log(): readonly RecordedEvent[] {
    return this.#queue.log
  }

  /** From sending an append to its answer, as things are now. */
  get appendMs(): number {
    return this.#pace.appendMs
  }

  get healsAt(): number {
    const ends = this.#script.acts.map(
      (act) => act.at + ('ms' in act ? act.ms : 0) + ('lag' in act ? act.lag : 0),
    )
    return Math.max(0, ...ends) + 500
  }

  /** Nothing is in line or runs, and nobody waits for an answer. */
  get isAtRest(): boolean {
    const isIdle = this.#queue.jobs.size === 0 && this.unsettled.length === 0
    return isIdle && this.#unasked === 0 && !this.#operator.isBusy && !this.#operator.hasSchedules
  }

  get unsettled(): readonly Call[] {
    return this.#programs.unsettled
  }

  get left() {
    const rows = [...this.#queue.jobs.values()].toSorted((a) => (a.state === 'active' ? -1 : 1))
    return rows.map((row) => {
      const worker = row.worker_id === null ? undefined : this.#queue.workers.get(row.worker_id)
      const runs = this.witness.runs(row.job_id, row.fencing_token ?? 0)
      const why = `, worker ${row.worker_id} ${worker?.dead === false ? 'lives' : 'is gone'}, ${runs ? 'it runs' : 'nobody runs it'}`
      return {
        jobId: row.job_id,
        state: row.state,
        why: row.state === 'active' ? why : `: ${row.conflict_reason}`,
      }
    })
  }

  begin(): void {
    for (const number of this.#script.members.keys()) this.#startProcess(number)
    this.#operator.setPolicy(this.#script.policy)
    for (const act of this.#script.acts) this.#timeline.later(act.at, undefined, () => this.#act(act))
  }

  heal(): void {
    this.#isHealed = true
    this.progress.healed()
    this.#startWhenFree(this.#script.members.length)
    this.#operator.heal()
    // Another one was set, or a restore has taken it away.
    if (this.#script.policy.capacity !== undefined) this.#operator.setPolicy(this.#script.policy)
    if (this.#script.schedules !== undefined) this.#operator.removeSchedules(LAST_REVISION)
  }

  end(): void {
    for (const process of this.#processes.values()) process.kill()
    this.#operator.end()
  }

  /** Something has happened: it is part of what the run is. */
  follow({ host }: Entry): void {
    this.#note(host?.name ?? 'database', '')
    this.#checkProgress()
  }

  #checkProgress(): void {
    const { startsWithin = Number.POSITIVE_INFINITY } = this.#script
    this.progress.look()
    if (this.progress.longest > startsWithin)
      this.witness.report('stood_still', `no job has started in the time of ${startsWithin} appends`)
  }

  get #queue() {
    const queue = this.#database.queues.get('default')
    if (queue === undefined) throw new Error('nobody has opened the queue')
    return queue
  }

  get #network() {
    return {
      timeline: this.#timeline,
      database: this.#database,
      network: this.#script.network,
      pace: this.#pace,
      isHealed: () => this.#isHealed,
      note: (who: string, what: string) => this.#note(who, what),
      onCarriedOut: () => this.#look(),
    }
  }

  #look(): void {
    const { log } = this.#queue
    for (const event of log.slice(this.#told)) {
      this.#tell(event)
      this.progress.see(event)
    }
    this.#told = log.length
    this.witness.look()
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  #tell({ seq, type, workerId, ...rest }: RecordedEvent): void {
    this.#count(type)
    this.#note(workerId ?? 'nobody', `event ${seq} ${type} ${'jobId' in rest ? rest.jobId : ''}`)
  }

  #note(who: string, what: string): void {
    const at = this.#timeline.now
    const line = `${at.toFixed(3)} ${who} ${what} ${this.#database.queues.get('default')?.log.length ?? 0}`
    for (let i = 0; i < line.length; i++)
      this.digest = Math.imul(this.digest ^ line.charCodeAt(i), 0x01000193)
    if (this.#keepLines) this.lines.push(line)
  }

  #act(act: Act): void {
    if (act.do === 'restore') return this.#operator.restoreLater(act.ms)
    if (act.do === 'policy') return this.#operator.setPolicy(act.policy)
    if (act.do === 'fail_over') {
      this.#count(act.do)
      return failOver(this.#database, this.#timeline, act)
    }
    if (act.do === 'slow' || act.do === 'stall') {
      this.#count(act.do)
      return act.do === 'slow' ? this.#pace.slow(act) : this.#pace.stall(act.ms)
    }
    if ('job' in act) return this.#ask(act, act.who)
    const process = this.#processes.get(act.who)
    if (process === undefined || !process.isAlive) return
    if (act.do === 'declare') return process.declare(this.#script.schedules ?? [], act.revision)
    if (act.do === 'pause') return process.pauseModel(act.model, act.ms)
    this.#note(process.name, act.do)
    this.#count(act.do)
    const until = this.#timeline.now + act.ms
    if (act.do === 'kill') this.#kill(process, act.ms)
    else if (act.do === 'cut') process.cutUntil = until
    else if (act.do === 'mute') process.muteUntil = until
    else if (act.do === 'block') process.blockedUntil = Math.max(process.blockedUntil, until)
    else this.#close(process, act.ms)
  }

  /** When the process has joined: a program asks for nothing before. */
  #ask(act: Act & { readonly job: number }, who: number): void {
    const process = this.#processes.get(who)
    const job = this.#script.jobs[act.job]
    if (job === undefined) return
    if (process?.coordinator !== undefined && process.isAlive && !process.isClosing) {
      this.#note(process.name, `${act.do} ${job.id}`)
      return this.#programs.do(act, job, process)
    }
    this.#unasked++
    this.#timeline.later(150, undefined, () => {
      this.#unasked--
      this.#ask(act, who)
    })
  }

  #close(process: SimProcess, ms: number): void {
    if (process.isClosing) return
    process.run(() => {
      void process.close().then(
        () => this.#kill(process, ms),
        (error) => this.witness.report('wrong_answer', `close of ${process.name}: ${String(error)}`),
      )
    })
  }

  /** It stops now and comes back later; what its programs were waiting for they ask for again. */
  #kill(process: SimProcess, ms: number): void {
    if (!process.isAlive) return
    process.kill()
    const { number } = process.options
    const open = this.#programs.calls.filter((call) => call.process === process && !call.settled)
    const again = () =>
      this.#startWhenFree(number, () => {
        for (const { act } of open) if (act.do === 'execute') this.#ask(act, number)
      })
    this.#timeline.later(ms, undefined, again)
  }

  /** Nothing joins while the operator waits for the new epoch. */
  #startWhenFree(number: number, onStarted = () => {}): void {
    if (this.#operator.isHolding) {
      this.#timeline.later(100, undefined, () => this.#startWhenFree(number, onStarted))
      return
    }
    this.#startProcess(number)
    onStarted()
  }

  #startProcess(number: number): SimProcess {
    const life = (this.#lives.get(number) ?? 0) + 1
    this.#lives.set(number, life)
    const process: SimProcess = new SimProcess({
      ...{ number, life, seed: this.#script.seed, witness: this.witness, network: this.#network },
      times: this.#script.times,
      member: this.#script.members[number] ?? this.#script.rescuer ?? rescuer,
      jobOf: (jobId) => this.#jobOf(jobId),
      addedBy: (jobId) => this.#script.jobs.filter((job) => job.addedBy === jobId),
      onStopped: (error) => this.#onStopped(process, error),
      onReady: (jobId) => this.#programs.takeUp(this.#jobOf(jobId), process),
    })
    this.#processes.set(number, process)
    process.run(() => void process.start())
    return process
  }

  /** Its program ends at once, as it is told to. */
  #onStopped(process: SimProcess, error: InterlockError): void {
    this.#note(process.name, `stopped ${error.code}`)
    this.#count('stopped')
    if (error.code !== 'log_went_back')
      this.witness.report('audit', `${process.name} has stopped: ${error.message}`)
    this.#kill(process, 300)
    this.#operator.hear(error)
  }

  #jobOf(jobId: string): SimJob {
    const schedule = this.#script.schedules?.find(({ id }) => jobId.startsWith(`${id}@`))
    if (schedule === undefined) return this.#jobs.get(jobId) as SimJob
    return { id: jobId, models: [schedule.model], ms: schedule.ms, fails: 0 }
  }

  #mayFail(job: SimJob): boolean {
    const { acts, jobs } = this.#script
    const number = jobs.indexOf(job)
    const isCancelled = acts.some((act) => act.do === 'cancel' && act.job === number)
    return isCancelled || this.#operator.hasRestored || this.witness.livesOf(job.id) > 1
  }
}
