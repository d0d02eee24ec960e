import { once } from 'node:events'

/** Long for a notification, which takes a millisecond, and short for somebody who waits for the answer. */
const PATIENCE_MS = 2_000

/**
 * Whether a session hears what another one says, which a pooler in transaction mode prevents. Listens on a channel of its
 * own, so that nobody else is woken.
 */
export async function notificationsArrive(url: string): Promise<boolean> {
  const { Client } = (await import('pg')).default
  const made = () =>
    new Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      application_name: 'interlock doctor',
    })
  const [ear, mouth] = [made(), made()]
  const channel = `interlock_doctor_${crypto.randomUUID().replaceAll('-', '_')}`
  try {
    await Promise.all([ear.connect(), mouth.connect()])
    await ear.query(`listen ${channel}`)
    const heard = once(ear, 'notification', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      () => true,
      // Time is up, or the connection broke: either way a listener misses what is said.
      () => false,
    )
    await mouth.query(`notify ${channel}`)
    return await heard
  } finally {
    await Promise.allSettled([ear.end(), mouth.end()])
  }
}
