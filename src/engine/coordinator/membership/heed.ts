import type { Incoming, Wake } from '../../store/index.ts'
import type { AppendQueue } from '../commit/append-queue.ts'
import type { LogView } from '../replica/log-view.ts'
import type { WakeFilter } from './wakeups.ts'

export interface Heeding {
  readonly log: LogView
  readonly appends: AppendQueue
  readonly filter: WakeFilter
  /** Something came in beside the log. */
  readonly onIncoming: (incoming: Incoming, again?: boolean) => void
}

/** Does what a message of the store asks for. */
export function heed(wake: Wake, { log, appends, filter, onIncoming }: Heeding): void {
  switch (wake.type) {
    case 'missed':
      void appends.catchUp()
      return onIncoming('both')
    case 'appended':
      log.head.hear(wake.version)
      log.news.hear(wake.news, log.version)
      if (!filter.mayIgnore(wake.concern, wake.version)) void appends.catchUp(wake.version)
      return
    case 'incoming':
      return onIncoming(wake.incoming, wake.again)
    case 'answered':
      log.head.hear(wake.version)
      return appends.hearAnswered(wake.senders)
    case 'resigned':
      return appends.hearAnswered(null)
    case 'answers':
      return appends.hearAnswers(wake.answers)
  }
}
