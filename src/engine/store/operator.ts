import type { KnownOperator, Operator } from '../core/index.ts'

/** Role "operators": who acts through a process. Kept beside the log, which has the worker id and names nobody. */
export interface OperatorRole {
  /** Notes who acts under a worker id. What was noted first stays. */
  sign(queue: string, workerId: string, operator: Operator): Promise<void>
  /** Who acted under these worker ids (1,000 at most). Who was not noted, or was deleted, is missing. */
  operators(queue: string, workerIds: readonly string[]): Promise<readonly KnownOperator[]>
}
