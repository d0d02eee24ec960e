import type { Facts } from '../facts.ts'
import { type Finding, problem } from '../finding.ts'

/** Settings that can lose something after it was acknowledged. The embedded database documents its own. */
export function checkServer({ checkup: { server }, over, isLocalProject }: Facts): Finding[] {
  if (over === 'pglite') return []
  const found: Finding[] = []
  const add = (what: string, remedy: string, check = 'server') => found.push(problem(check, what, remedy))
  if (server.version < 150_000)
    add(`PostgreSQL ${server.version} is older than 15`, 'upgrade the server to PostgreSQL 15 or newer')
  if (server.inRecovery) add('this server is a standby: it takes no writes', 'use the address of the primary')
  const off = server.offByRole.map((role) => `${role} by a setting of the role or database`)
  if (/^(off|local)$/.test(server.synchronousCommit)) off.push('this connection')
  if (off.length > 0) {
    add(
      `synchronous_commit is off for ${off.join(', ')}: appends set it on by themselves, but rows that you insert into jobs can be lost with a crash of the server after they were acknowledged`,
      'ALTER ROLE … RESET synchronous_commit; and look at ALTER DATABASE and postgresql.conf',
    )
  }
  // A development database may lose data, and the embedded one has no other setting.
  if (!isLocalProject && (server.fsync === 'off' || server.fullPageWrites === 'off'))
    add(
      `fsync is ${server.fsync} and full_page_writes is ${server.fullPageWrites}: a crash of the machine can destroy the database`,
      'set both on in postgresql.conf and reload',
      'fsync',
    )
  return found
}
