import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import type { RecordedEvent } from '../../engine/core/index.ts'
import { opened } from '../history/access.ts'
import { noteCut } from '../history/fold.ts'
import { type Access, firstLedger } from '../history/index.ts'
import { checkKept, unlessGone } from '../history/kept.ts'
import { eachEvent } from '../history/read-log.ts'
import { Audit, type Statement } from './statement.ts'

/**
 * Reads the log once and states what it proves: every broken promise, every time in which a model had more holders than
 * places, and a digest of the log. A log that broke a promise is a result, not a failure.
 * @throws InterlockError `invalid_input`; `archived`; `corrupt_log`, `unknown_event` for a log that cannot be read;
 * `store_unavailable`
 * @example const { violations, overlaps } = await auditLog({ store })
 */
export async function auditLog(given: Access): Promise<Statement> {
  const access = opened(given)
  const { store, queue, files } = access
  const from = await firstLedger(access)
  noteCut(access, from.version)
  const audit = new Audit(from)
  const bad = files === undefined ? await checkKept(access) : null
  if (bad !== null) audit.note({ seq: bad.seq, rule: 'sequence', jobId: null, detail: bad.what })
  const see = (event: RecordedEvent) => audit.push(event)
  await unlessGone<unknown>(bad, eachEvent(access, 'audited', see, { after: from.version }), null)
  const { now } = await store.read(queue, 0, 1)
  return audit.statement({ queue, store: store.name, release: PACKAGE_VERSION, now })
}
