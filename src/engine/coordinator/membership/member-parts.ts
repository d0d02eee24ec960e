import type { CommandBody } from '../../core/index.ts'
import type { Logger } from '../base/logger.ts'
import type { AppendQueue } from '../commit/append-queue.ts'
import type { Maintenance } from '../maintenance/maintenance.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Failures, Stopped } from './failures.ts'
import type { LeaseKeeper } from './lease.ts'
import type { MemberOwner, SendOptions } from './member-api.ts'

/** What each part of a member may ask it for. A part that needs a part above these names it itself. */
export interface MemberParts {
  readonly owner: MemberOwner
  readonly logger: Logger
  readonly log: LogView
  readonly failures: Failures
  /** Says when the process cannot go on with the queue. */
  readonly stopped: Stopped
  readonly maintenance: Maintenance
  readonly appends: AppendQueue
  /** Fires when the process leaves. */
  readonly closing: AbortController
  readonly workerId: string
  readonly lease: LeaseKeeper
  /** A command whose answer no caller needs. False if it was not carried out. */
  inBackground(body: CommandBody, options?: SendOptions): Promise<boolean>
}
