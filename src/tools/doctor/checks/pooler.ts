import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'

const remedy =
  'give Interlock the direct address or a pooler in session mode (on Supabase port 5432, not 6543); until then jobs start with the next poll'

type Session = Pick<Facts, 'over' | 'notificationsArrive' | 'connectedMs'> & {
  readonly checkup: { readonly sessionAgeMs: number }
}

/** A pooler in transaction mode between this program and the server: a session that listens gets no notifications. One in session mode is no finding. */
export function checkPooler({ over, notificationsArrive, checkup, connectedMs }: Session): Finding[] {
  if (over !== 'postgres') return []
  if (notificationsArrive === false)
    return [problem('pooler', 'notifications do not arrive: a pooler in transaction mode, it seems', remedy)]
  // An older session belonged to another client before. Which mode that is, only a try can show.
  if (notificationsArrive === true || checkup.sessionAgeMs <= connectedMs + 1_000) return []
  const what = 'a pooler hands sessions from one client to the next, in which mode was not tried'
  return [note('pooler', what, `if it is transaction mode, ${remedy}`)]
}
