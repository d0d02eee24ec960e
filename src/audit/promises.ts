import type { AuditRule } from './violation.ts'

/** What each rule promises, in the words of a report. */
export const promises: Readonly<Record<AuditRule, string>> = {
  sequence: 'The numbers of the log are 1, 2, 3 … without a gap.',
  time: 'Every event comes after the one before it.',
  capacity: 'No model ever had more holders than places.',
  max_active: 'Never were more jobs active than the policy allowed.',
  alone: 'A job that has to run alone ran alone.',
  order: 'No job was overtaken on a model that was kept for it.',
  line_order: 'Every slot went to the first job in line that could use it.',
  attempt: 'A job had one live attempt at most, and no more attempts than it may have.',
  token: 'Whatever spoke for an attempt showed the fencing token of that attempt.',
  life: 'Every event fits the life of its job and the state of the queue.',
  revival: 'A job that had ended came back only when somebody named it again.',
  not_due: 'No job started before it was due.',
  paused: 'No job started that needed a paused model.',
  rate: 'No model was started from more often than its rate allowed, in any window.',
  fair_share: 'Nobody had more jobs waiting or active than his share allows.',
  draining: 'Nothing started while the queue was draining.',
}
