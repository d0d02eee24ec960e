import {
  allPlaces,
  countsOf,
  fits,
  isOpen,
  isPattern,
  isServed,
  type Ledger,
  nearestOf,
  pauseOf,
  placesOf,
} from '../../engine/core/index.ts'
import { agree, count, plural } from '../format/index.ts'
import { type FoundWrong, those, type WrongFacts } from './wrong-facts.ts'

const NAMED = 5

/** Places that no live process serves while others are served, and what processes serve that nobody has named. */
export function placesAway({ ledger }: WrongFacts): readonly FoundWrong[] {
  const { servers, policy } = ledger
  if (isOpen(servers)) return []
  const places = [...allPlaces(policy)]
  const away = places.filter((place) => !isServed(servers, place) && pauseOf(ledger, place) === undefined)
  const [wanted, idle] = partition(away, (place) =>
    modelsAt(ledger, place).some((model) => countsOf(ledger, model).waiting > 0),
  )
  return [
    ...servers.flatMap((server) => servesNothing(places, server)),
    ...those(
      wanted.length > 0 && { id: 'place_unserved', what: awayText(ledger, wanted, places.length) },
      idle.length > 0 && { id: 'place_idle', what: awayText(ledger, idle, places.length) },
    ),
  ]
}

/** `no live process serves h:2, where flux could be: 1 of 3 places`. */
function awayText(ledger: Ledger, places: readonly string[], all: number): string {
  const models = [...new Set(places.flatMap((place) => modelsAt(ledger, place)))]
  return `no live process serves ${some(places)}, where ${some(models)} could be: ${count(places.length)} of ${plural(all, 'place')}`
}

const modelsAt = ({ policy }: Ledger, place: string): readonly string[] =>
  Object.keys(policy.capacity).filter((model) => placesOf(policy, model)?.includes(place) === true)

/** What a process says that it serves, and fits no place: most likely a slip. */
function servesNothing(
  places: readonly string[],
  { worker, places: patterns }: Ledger['servers'][number],
): readonly FoundWrong[] {
  const wrong = patterns.filter((pattern) => !places.some((place) => fits(pattern, place)))
  if (wrong.length === 0) return []
  const [first = ''] = wrong
  const near = isPattern(first) ? null : nearestOf(first, places)
  const meant = near === null ? '' : `; did you mean ${near}?`
  return [
    {
      id: 'serves_nothing',
      what: `process ${worker} serves ${some(wrong)}, and the policy has no such ${agree(wrong.length, 'place', 'places')}${meant}`,
    },
  ]
}

function partition<Of>(
  all: readonly Of[],
  is: (one: Of) => boolean,
): readonly [readonly Of[], readonly Of[]] {
  return [all.filter(is), all.filter((one) => !is(one))]
}

const some = (names: readonly string[]): string =>
  names.length <= NAMED
    ? names.join(', ')
    : `${names.slice(0, NAMED).join(', ')} and ${count(names.length - NAMED)} more`
