import { guarded } from '../coordinator/base/logger.ts'
import {
  type Coordinator,
  type CoordinatorOf,
  createCoordinator,
  type Logger,
  stderrLogger,
} from '../coordinator/index.ts'
import { checkProcessOptions, type KnownKinds } from '../events/index.ts'
import type { LogStore, Telemetry } from '../store/index.ts'
import { storeAt } from './store.ts'
import { targetOf } from './target.ts'

interface ProcessOptions {
  /** For the call that makes the coordinator; standard error unless given. */
  readonly logger?: Logger | undefined
  /** For the call that makes the coordinator; none unless given. */
  readonly telemetry?: Telemetry | undefined
  /** For the call that makes the coordinator; none unless given. */
  readonly contract?: KnownKinds | undefined
}

interface OfProcess {
  readonly coordinator: Coordinator
  readonly store: LogStore
}

let ofProcess: Promise<OfProcess> | undefined

/**
 * The one coordinator of this process. The first call makes it, without configuration: from `DATABASE_URL` (or `INTERLOCK_URL`),
 * in the schema `INTERLOCK_SCHEMA` if there is one, or `SUPABASE_URL` with `SUPABASE_SECRET_KEY` (or `SUPABASE_SERVICE_ROLE_KEY`), else with the embedded database in
 * `./.interlock`. It logs which one it took.
 * @throws InterlockError `embedded_in_production`, `not_migrated`, `store_unavailable`, `store_in_use`
 */
export function getJobCoordinator<Contract = undefined>(
  options?: ProcessOptions & { readonly contract?: Contract },
): Promise<CoordinatorOf<Contract>>
export async function getJobCoordinator(options: ProcessOptions = {}): Promise<Coordinator> {
  checkProcessOptions(options)
  const { logger = stderrLogger } = options
  ofProcess ??= make({ ...options, logger }).catch((error: unknown) => {
    ofProcess = undefined
    throw error
  })
  return (await ofProcess).coordinator
}

/** Gives up the lease of this process and closes the database; the next `getJobCoordinator()` makes another. */
export async function closeJobCoordinator(): Promise<void> {
  const made = await ofProcess
  ofProcess = undefined
  await made?.coordinator.close()
  await made?.store.close()
}

async function make({
  logger,
  telemetry,
  contract,
}: ProcessOptions & { readonly logger: Logger }): Promise<OfProcess> {
  const store = await storeAt(targetOf(undefined, process.env))
  guarded(logger).info(`[COORDINATOR] Using ${store.name}`, { event: 'store.chosen' })
  try {
    return { store, coordinator: await createCoordinator({ store, logger, telemetry, contract }) }
  } catch (error) {
    await store.close()
    throw error
  }
}
