import type { Ledger } from '../../src/engine/core/index.ts'

/** Everything a ledger holds, as plain lists: ledgers with equal contents decide alike for ever. */
export function contentsOf(ledger: Ledger): Readonly<Record<string, unknown>> {
  const contents: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(ledger)) contents[name] = isList(value) ? [...value] : value
  contents['jobs'] = [...ledger.jobs].map(withoutOwner)
  contents['pauses'] = [...ledger.pauses].map((pause) => ({ ...pause, jobs: idsIn(pause.jobs) }))
  contents['classes'] = [...ledger.classes].map((one) => ({ ...one, members: idsIn(one.members) }))
  contents['fair'] = fairOf(ledger)
  contents['models'] = [...ledger.models].map(
    ({ model, holders, line, reserved, offers, whole, starts, asks, meter }) => ({
      model,
      holders: idsIn(holders),
      line: idsIn(line),
      reserved: idsIn(reserved),
      offers: idsIn(offers),
      whole: idsIn(whole),
      starts: starts === null ? null : [...starts],
      asks: asks === null ? null : asks.map((one) => ({ ...one, line: idsIn(one.line) })),
      meter: meter === null ? null : { ...meter, ended: meter.ended.map((all) => [...all]) },
    }),
  )
  return contents
}

function idsIn(places: Iterable<{ readonly jobId: string }>): readonly string[] {
  return [...places].map((place) => place.jobId)
}

/** Who may write to an object says nothing about what it holds. */
function withoutOwner(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'owner'))
}

function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

const fairOf = ({ fair }: Ledger): unknown =>
  fair === null
    ? null
    : {
        ...{ now: fair.now, typical: fair.typical },
        live: [...fair.live].map(({ key }) => key),
        idle: [...fair.idle].map(({ key }) => key),
        keys: [...fair.keys].map((use) => ({
          ...use,
          running: idsIn(use.running),
          alike: [...use.alike].map(({ name, line }) => [name, ...idsIn(line)]),
        })),
      }
