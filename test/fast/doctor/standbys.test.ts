import { describe, expect, it } from 'vitest'
import type { ReplicationCheck, StandbyCheck } from '../../../src/engine/store/index.ts'
import { checkReplication } from '../../../src/tools/doctor/checks/database.ts'
import { standbysOf } from '../../../src/tools/doctor/standbys.ts'

const standby: StandbyCheck = { name: 'b', state: 'streaming', sync: 'sync', lagBytes: 0, lagMs: null }
const hidden: StandbyCheck = { name: null, state: null, sync: null, lagBytes: null, lagMs: null }
const healthy: ReplicationCheck = {
  ...{ names: 'b', commitsWait: true, seesAll: true, waiting: 0, oldestWaitMs: null, standbys: [standby] },
}

const look = (change: Partial<ReplicationCheck>) => {
  const checkup = { replication: { ...healthy, ...change } }
  const found = checkReplication({ checkup } as unknown as Parameters<typeof checkReplication>[0])
  return { found: found.map(({ level, what }) => `${level}: ${what}`), standbys: standbysOf(checkup) }
}

describe('standbys', () => {
  it('are none of a server that knows of none and waits for none, or cannot tell', () => {
    expect(look({ names: '', standbys: [] })).toEqual({ found: [], standbys: null })
    expect(standbysOf({ replication: null })).toBeNull()
  })

  it('that are synchronous and follow need nothing, and a short wait is none', () => {
    const { found, standbys } = look({ waiting: 3, oldestWaitMs: 4 })
    expect(found).toEqual([])
    expect(standbys).toMatchObject({
      synchronous: 1,
      atFailOver: 'kept',
      servers: [{ name: 'b', isSynchronous: true }],
    })
    expect(look({ standbys: [{ ...standby, sync: 'quorum' }] }).standbys?.synchronous).toBe(1)
  })

  it('for which commits wait long are named, with how many wait and for how long', () => {
    const { found } = look({ waiting: 2, oldestWaitMs: 61_000 })
    expect(found).toEqual([
      expect.stringContaining('problem: 2 commits wait for a synchronous standby, the first for 1 min 01 s'),
    ])
  })

  it('that are named and not there are a problem: each commit waits', () => {
    const { found, standbys } = look({ standbys: [{ ...standby, name: 'c', sync: 'async' }] })
    expect(found).toEqual([
      expect.stringContaining('problem: synchronous_standby_names is b, and no such standby is connected'),
    ])
    expect(standbys?.atFailOver).toBe('may_be_lost')
  })

  it('for which commits do not wait yet are a problem, though the server calls one synchronous, and though none is there', () => {
    for (const standbys of [[standby], []]) {
      const { found, standbys: seen } = look({ commitsWait: false, standbys })
      expect(found).toEqual([
        expect.stringContaining(
          'problem: synchronous_standby_names is b, and commits do not wait for it yet',
        ),
      ])
      expect(seen?.atFailOver).toBe('may_be_lost')
    }
  })

  it('of which nobody could see whether commits wait for them are not known to keep anything', () => {
    expect(look({ commitsWait: null }).standbys?.atFailOver).toBe('unknown')
  })

  it('for which no commit waits are a note: a fail-over loses the end', () => {
    const { found } = look({
      ...{ names: '', commitsWait: null },
      standbys: [{ ...standby, sync: 'async', lagBytes: 4_096, lagMs: 20 }],
    })
    expect(found).toEqual([
      expect.stringMatching(/^note: no commit waits for a standby \(b\).*log_went_back/),
    ])
  })

  it('that the owner may not see are counted, and nothing is said of what they would keep', () => {
    const { found, standbys } = look({ seesAll: false, standbys: [hidden, hidden] })
    expect(found).toEqual([
      expect.stringContaining('note: 2 standbys are connected, and the role that owns Interlock may not see'),
    ])
    expect(standbys).toMatchObject({
      atFailOver: 'unknown',
      isHidden: true,
      servers: [{ name: 'standby 1' }, {}],
    })
  })
})
