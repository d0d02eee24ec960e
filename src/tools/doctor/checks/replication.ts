import { duration, plural } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem, those } from '../finding.ts'
import { standbysOf } from '../standbys.ts'

/** A commit over a healthy link waits for some milliseconds: in one look at the server that is rarely seen, and never for long. */
const LONG_MS = 1_000

/** What a fail-over of the server would lose, and commits that wait for a standby that does not answer. */
export function checkReplication({ checkup }: Pick<Facts, 'checkup'>): Finding[] {
  const standbys = standbysOf(checkup)
  if (standbys === null) return []
  const { waiting, oldestWaitMs, names, commitsWait, servers, synchronous, isHidden } = standbys
  const awaited = names !== '' && commitsWait !== false && !isHidden && synchronous === 0
  const others = servers.filter(({ isSynchronous }) => !isSynchronous)
  return those(
    waiting > 0 &&
      (oldestWaitMs ?? 0) > LONG_MS &&
      problem(
        'standby',
        `${plural(waiting, 'commit')} ${waiting === 1 ? 'waits' : 'wait'} for a synchronous standby, the first for ${duration(oldestWaitMs ?? 0)}: nothing is appended meanwhile, and calls fail with contention`,
        `bring a standby of synchronous_standby_names (${names}) back, or take it out of the setting and reload; do not cancel the sessions`,
      ),
    awaited &&
      problem(
        'standby',
        `synchronous_standby_names is ${names}, and no such standby is connected: every commit waits for one`,
        'start the standby, or see that its application_name is in the setting',
      ),
    names !== '' &&
      commitsWait === false &&
      problem(
        'standby',
        `synchronous_standby_names is ${names}, and commits do not wait for it yet: the server's checkpointer has not read the setting, so Interlock acknowledges nothing`,
        'see that the checkpointer runs (backend_type of pg_stat_activity), and reload the settings: SELECT pg_reload_conf()',
      ),
    names === '' &&
      others.length > 0 &&
      note(
        'standby',
        `no commit waits for a standby (${others.map(({ name }) => name).join(', ')}): a fail-over loses what was acknowledged last; Interlock finds that, and holds the queue (log_went_back)`,
        'set synchronous_standby_names, or accept it and know `interlock recover`',
      ),
    isHidden &&
      note(
        'standby',
        `${plural(servers.length, 'standby')} ${servers.length === 1 ? 'is' : 'are'} connected, and the role that owns Interlock may not see more of ${servers.length === 1 ? 'it' : 'them'}`,
        'GRANT pg_read_all_stats TO the role that owns the tables of Interlock',
      ),
  )
}
