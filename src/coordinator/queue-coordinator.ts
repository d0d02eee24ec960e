import { type EnqueueInput, type PolicyInput, parseOutcome } from '../codec/index.ts'
import type { Claim, JobType, Lease, RequeueReason } from '../core/index.ts'
import type { DeadChoice, EndOptions, FailOptions, NoteOptions, PauseOptions } from './api/calls.ts'
import { checkCalls } from './api/check-calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import type { MachineOptions } from './api/machine.ts'
import type { CompleteOptions, StartOptions } from './api/start.ts'
import { type WorkflowConfig, workflowModels } from './api/workflow-models.ts'
import type { QueueProcess } from './queue-process.ts'

/** What a program is given: each call is answered by the part of its process that knows. Made by `createCoordinator`. */
export class QueueCoordinator implements Coordinator {
  static {
    checkCalls(QueueCoordinator.prototype)
  }

  readonly #process: QueueProcess

  constructor(process: QueueProcess) {
    this.#process = process
  }

  getWorkflowModels(config: WorkflowConfig) {
    return workflowModels(config, this.logger)
  }

  // The gate.

  onJobStart(jobId: string, jobType: JobType, models: readonly string[], options: StartOptions = {}) {
    return this.#process.gate.start(jobId, jobType, models, options)
  }

  takeUp(jobId: string, options: Parameters<Coordinator['takeUp']>[1] = {}) {
    return this.#process.gate.takeUp(jobId, options)
  }

  async onJobComplete(jobId: string, jobType: JobType, options: CompleteOptions = {}) {
    if (options.outcome !== undefined) parseOutcome(options.outcome)
    return this.#process.gate.complete(jobId, jobType, options)
  }

  get ready$() {
    return this.#process.gate.ready$
  }

  // Commands.

  enqueue(jobs: readonly EnqueueInput[]) {
    return this.#process.commands.enqueue(jobs)
  }

  claim(claim: Claim) {
    return this.#process.commands.claim(claim)
  }

  complete(lease: Lease, options?: EndOptions) {
    return this.#process.commands.complete(lease, options)
  }

  fail(lease: Lease, options?: FailOptions) {
    return this.#process.commands.fail(lease, options)
  }

  release(
    lease: Lease,
    reason: RequeueReason,
    runAt?: Date | null,
    options?: Parameters<Coordinator['release']>[3],
  ) {
    return this.#process.commands.release(lease, reason, runAt, options)
  }

  detach(lease: Lease, options: { readonly until: Date }) {
    return this.#process.commands.detach(lease, options)
  }

  cancel(jobId: string, options?: { readonly force?: boolean }) {
    return this.#process.commands.cancel(jobId, options)
  }

  confirmCancel(lease: Lease, options?: { readonly claim?: Claim }) {
    return this.#process.commands.confirmCancel(lease, options)
  }

  reprioritize(jobId: string, to: Parameters<Coordinator['reprioritize']>[1]) {
    return this.#process.commands.reprioritize(jobId, to)
  }

  setPolicy(policy: PolicyInput) {
    return this.#process.commands.setPolicy(policy)
  }

  pauseModel(model: string, options: PauseOptions) {
    return this.#process.commands.pauseModel(model, options)
  }

  resumeModel(model: string) {
    return this.#process.commands.resumeModel(model)
  }

  drain() {
    return this.#process.commands.drain()
  }

  recover() {
    return this.#process.commands.recover()
  }

  resume() {
    return this.#process.commands.resume()
  }

  // What there is of jobs beside the log.

  data(jobIds: readonly string[]) {
    return this.#process.records.data(jobIds)
  }

  dataOf(lease: Lease) {
    return this.#process.records.dataOf(lease)
  }

  note(lease: Lease, note: NoteOptions) {
    return this.#process.records.note(lease, note)
  }

  forget(jobIds: readonly string[]) {
    return this.#process.records.forget(jobIds)
  }

  dead(filter?: Parameters<Coordinator['dead']>[0]) {
    return this.#process.records.dead(filter)
  }

  retryDead(filter: DeadChoice) {
    return this.#process.records.retryDead(filter)
  }

  dropDead(filter: DeadChoice) {
    return this.#process.records.dropDead(filter)
  }

  takeIn({ max }: { readonly max: number }) {
    return this.#process.records.takeIn(max)
  }

  // The queue as this process knows it.

  explain(jobId: string) {
    return this.#process.observer.explain(jobId)
  }

  state() {
    return this.#process.observer.state()
  }

  get state$() {
    return this.#process.observer.state$
  }

  get events$() {
    return this.#process.observer.events$
  }

  get heard$() {
    return this.#process.observer.heard$
  }

  eventsFrom(after: number) {
    return this.#process.observer.eventsFrom(after)
  }

  pullEvents(after: number, options?: { readonly signal?: AbortSignal }) {
    return this.#process.observer.pullEvents(after, options)
  }

  waiting$(jobId: string) {
    return this.#process.observer.waiting$(jobId)
  }

  machine(options?: MachineOptions) {
    return this.#process.observer.machine(options)
  }

  health() {
    return this.#process.observer.health()
  }

  metrics() {
    return this.#process.observer.metrics()
  }

  // This process.

  get queue() {
    return this.#process.member.log.queue
  }

  get logger() {
    return this.#process.member.logger
  }

  get workerId() {
    return this.#process.member.workerId
  }

  attempt(lease: Lease) {
    return this.#process.member.attempt(lease)
  }

  heartbeat(lease: Lease) {
    return this.#process.member.holds(lease)
  }

  catchUp() {
    return this.#process.member.catchUp()
  }

  now() {
    return this.#process.member.log.now()
  }

  get leaseLost$() {
    return this.#process.member.leaseLost$
  }

  get stopped$() {
    return this.#process.member.stopped$
  }

  get wake$() {
    return this.#process.hints.wake$
  }

  get intake$() {
    return this.#process.hints.intake$
  }

  offering(kinds: readonly string[] | null, freeSlots: number): void {
    this.#process.member.setCapacity(kinds, freeSlots)
    if (freeSlots > 0) this.#process.hints.freed()
  }

  close() {
    return this.#process.close()
  }
}
