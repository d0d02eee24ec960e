import type { Coordinator, ResultsOf, TypedCoordinator, UntypedCoordinator } from '../coordinator/index.ts'
import type { Handlers, HandlersFor, JobWorker, JobWorkerOptions, JobWorkerSettings, SomeOf } from './api.ts'
import { QueueJobWorker } from './queue-job-worker.ts'

/**
 * A worker that takes jobs of the coordinator's queue as soon as they may start. One process may have several.
 * @throws InterlockError `invalid_input`
 * @example
 * const worker = createJobWorker({
 *   coordinator,
 *   concurrency: 4,
 *   handlers: { normal: async (job, { signal }) => render(job.payload, { signal }) },
 * })
 * worker.start()
 */
export function createJobWorker<Made extends Readonly<Record<string, unknown>>>(
  options: JobWorkerSettings & {
    readonly coordinator: UntypedCoordinator
    /** By kind; `*` takes every kind that has no handler of its own. */
    readonly handlers: HandlersFor<Made>
  },
): JobWorker
export function createJobWorker<Payloads extends object, Results extends ResultsOf<Payloads>>(
  options: JobWorkerSettings & {
    readonly coordinator: Coordinator & Pick<TypedCoordinator<Payloads, Results>, 'payloads' | 'results'>
    readonly handlers: SomeOf<Handlers<Payloads, Results>>
  },
): JobWorker
export function createJobWorker(options: JobWorkerSettings & { readonly handlers: object }): JobWorker {
  return new QueueJobWorker(options as JobWorkerOptions)
}
