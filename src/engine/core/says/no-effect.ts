/** Input that changes nothing, most often a slip in a name. The caller warns about it, or refuses it (`strict`). */

import { type Ledger, pauseOf } from '../state/ledger.ts'
import { allPlaces, countsOf, isPlace, isSite } from '../state/site.ts'
import type { Uses } from '../values/job.ts'
import { nearestOf } from '../values/near-names.ts'
import { fits, isPattern } from '../values/pattern.ts'
import { limitKeyOf, type Policy } from '../values/policy.ts'

export interface NoEffect {
  /** Where it was said: `uses.openai-tmp`. */
  readonly path: string
  readonly name: string
  /** Why it changes nothing, with the name that was probably meant. */
  readonly says: string
}

const meant = (name: string, known: Iterable<string>): string => {
  const near = nearestOf(name, [...known])
  return near === null ? '' : ` (did you mean ${near}?)`
}

/** Of several names: which of them fit none of those that are known. */
const among = (names: readonly string[], known: readonly string[]): readonly string[] =>
  names.filter((name) => !known.some((each) => (isPattern(name) ? fits(name, each) : name === each)))

/** Units of places that no model has. */
export function idleUnits(policy: Policy): readonly NoEffect[] {
  const places = [...allPlaces(policy)]
  return among(Object.keys(policy.units ?? {}), places).map((name) => ({
    path: `units.${name}`,
    name,
    says: `no model has the place ${JSON.stringify(name)}${meant(name, places)}`,
  }))
}

/** Places that a process serves and no model has. */
export function idleServes(policy: Policy, serves: readonly string[]): readonly NoEffect[] {
  const places = [...allPlaces(policy)]
  return among(serves, places).map((name) => ({
    path: 'serves',
    name,
    says: `no model has a place ${JSON.stringify(name)}${meantPlace(name, places)}`,
  }))
}

/** Of a pattern, its text is compared with as much of each place: `hots1:*` with `host1:` of `host1:0`. */
function meantPlace(name: string, places: readonly string[]): string {
  if (!isPattern(name)) return meant(name, places)
  const head = name.slice(0, name.indexOf('*'))
  const near = nearestOf(head, [...new Set(places.map((place) => place.slice(0, head.length)))])
  return near === null ? '' : ` (did you mean ${near}${name.slice(head.length)}?)`
}

/** Resources that a job uses, and that no limit counts. */
export function idleUses(policy: Policy, uses: Uses = {}): readonly NoEffect[] {
  const { uses: limits = {} } = policy
  return Object.keys(uses)
    .filter((name) => limitKeyOf(policy, name) === undefined)
    .map((name) => ({
      path: `uses.${name}`,
      name,
      says: `no limit of the policy counts the resource ${JSON.stringify(name)}${meant(name, Object.keys(limits))}`,
    }))
}

/** The pause of a model that no job needs and the policy does not name. @param others names that the process has met */
export function idlePause(ledger: Ledger, model: string, others: Iterable<string> = []): readonly NoEffect[] {
  if (isNeeded(ledger, model) || isPlace(ledger.policy, model)) return []
  const says = `no job needs the model ${JSON.stringify(model)}, and the policy does not name it`
  return [{ path: 'model', name: model, says: `${says}${meant(model, knownModels(ledger, model, others))}` }]
}

/** The end of a pause that there is none of. */
export function idleResume(ledger: Ledger, model: string): readonly NoEffect[] {
  if (pauseOf(ledger, model) !== undefined) return []
  const paused = [...ledger.pauses].map((pause) => pause.model)
  return [
    { path: 'model', name: model, says: `${JSON.stringify(model)} is not paused${meant(model, paused)}` },
  ]
}

/** Models that come twice count once. */
export const modelsTwice = (models: unknown): readonly NoEffect[] =>
  !Array.isArray(models) || new Set(models).size === models.length
    ? []
    : models
        .filter((name, at) => models.indexOf(name) !== at)
        .map((name) => ({
          path: 'models',
          name: String(name),
          says: `${JSON.stringify(name)} comes twice, and counts once`,
        }))

const namesIn = ({ capacity, rate, holdAfterLossSeconds, models = {}, warm }: Policy): readonly string[] =>
  [capacity, rate, holdAfterLossSeconds, models, warm?.loadSeconds ?? {}].flatMap((map) => Object.keys(map))

function isNeeded(ledger: Ledger, model: string): boolean {
  const { held, waiting } = countsOf(ledger, model)
  const isPaused = (pauseOf(ledger, model)?.jobs.size ?? 0) > 0
  return (
    held + waiting > 0 || isPaused || namesIn(ledger.policy).some((key) => key !== '*' && fits(key, model))
  )
}

function knownModels(ledger: Ledger, but: string, others: Iterable<string>): readonly string[] {
  const live = [...ledger.models].map(({ model }) => model).filter((model) => !isSite(model) && model >= ' ')
  const names = [...namesIn(ledger.policy), ...allPlaces(ledger.policy), ...live, ...others]
  return [...new Set(names)].filter((name) => name !== but && name !== '*')
}
