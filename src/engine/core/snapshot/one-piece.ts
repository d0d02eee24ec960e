import { hash } from '../hash.ts'
import type { Micros } from '../job.ts'
import { addToKind, kindToEdit } from '../kinds.ts'
import { emptyLedger, idleModel, type Job, type Ledger, noPlaces, type Pause } from '../ledger.ts'
import type { Timer } from '../place.ts'
import { noStarts } from '../rate.ts'
import type { Owner, Tree } from '../tree.ts'
import { BETWEEN, contradiction, made, type Part, snapshotKeys } from './parts.ts'

/** Jobs are listed once; everything else names them by their index in that list. */
type Index = number

/**
 * A ledger as one JSON value with every index, as releases before shape 3 made it. It is only read. If a log was cut there, it
 * may be all that is left of what came before.
 */
export interface OnePiece {
  readonly shape: number
  readonly plain: Pick<Ledger, Part<'plain'>>
  readonly jobs: readonly (Omit<Job, 'hash' | 'place'> & {
    readonly place: readonly [number, number, number]
  })[]
  readonly places: Readonly<Record<Part<'places'>, readonly Index[]>>
  readonly timers: Readonly<Record<Part<'timers'>, readonly (readonly [at: number, of: Index])[]>>
  readonly models: readonly {
    readonly model: string
    readonly holders: readonly Index[]
    readonly line: readonly Index[]
    readonly reserved: readonly Index[]
    readonly offers: readonly Index[]
    readonly starts: readonly Micros[] | null
  }[]
  readonly pauses: readonly (Omit<Pause, 'hash' | 'jobs'> & { readonly jobs: readonly Index[] })[]
  readonly shares: readonly (readonly [
    key: string,
    waiting: number,
    active: number,
    ready: readonly Index[],
  ])[]
  readonly modelTimers: Readonly<
    Record<Part<'modelTimers'>, readonly (readonly [at: number, model: string])[]>
  >
}

/**
 * The ledger that such a snapshot was made of.
 * @throws InterlockError `corrupt_log` when it contradicts itself
 */
export function ledgerFrom(snapshot: OnePiece): Ledger {
  const owner: Owner = {}
  const { version } = snapshot.plain
  const jobs = snapshot.jobs.map(jobFrom)
  const jobAt = (index: Index): Job => jobs[index] ?? contradiction(version, `there is no job ${index}`)
  const tree = (indexes: readonly Index[]) =>
    indexes.reduce((grown, index) => grown.insert(jobAt(index).place, owner), noPlaces)
  const timers = (key: Part<'timers'>): Tree<Timer> =>
    snapshot.timers[key].reduce((grown, [at, of]) => {
      const { hash: key, jobId } = jobAt(of)
      return grown.insert({ at, hash: key, jobId }, owner)
    }, emptyLedger[key])
  const own = { kinds: emptyLedger.kinds }
  for (const job of jobs) kindToEdit(own, job.spec.kind, owner).jobs++
  for (const index of snapshot.places.offered) addToKind(own, jobAt(index), owner)
  const ledger: Ledger = {
    ...own,
    ...snapshot.plain,
    ...made(snapshotKeys.places, (key) => tree(snapshot.places[key])),
    ...made(snapshotKeys.timers, timers),
    jobs: jobs.reduce((grown, job) => grown.insert(job, owner), emptyLedger.jobs),
    models: snapshot.models.reduce(
      (grown, { model, holders, line, reserved, offers, starts }) =>
        grown.insert(
          {
            ...idleModel(model),
            ...{ holders: tree(holders), line: tree(line), reserved: tree(reserved), offers: tree(offers) },
            starts: starts === null ? null : starts.reduce((all, at) => all.insert(at, owner), noStarts),
          },
          owner,
        ),
      emptyLedger.models,
    ),
    pauses: snapshot.pauses.reduce(
      (grown, pause) => grown.insert({ ...pause, hash: hash(pause.model), jobs: tree(pause.jobs) }, owner),
      emptyLedger.pauses,
    ),
    shares: snapshot.shares.reduce(
      (grown, [key, waiting, active, ready]) =>
        grown.insert({ hash: hash(key), key, waiting, active, ready: tree(ready) }, owner),
      emptyLedger.shares,
    ),
    ...made(snapshotKeys.modelTimers, (key) =>
      snapshot.modelTimers[key].reduce(
        (grown, [at, model]) => grown.insert({ at, hash: hash(model), model }, owner),
        emptyLedger[key],
      ),
    ),
  }
  return ledger.jobs.size === jobs.length ? ledger : contradiction(version, 'a job is in it twice')
}

function jobFrom({ place: [level, order, tie], ...rest }: OnePiece['jobs'][number]): Job {
  const key = { hash: hash(rest.jobId), jobId: rest.jobId }
  const dueAt = rest.dueAt === BETWEEN ? Number.POSITIVE_INFINITY : rest.dueAt
  return { ...rest, ...key, dueAt, place: { ...key, level, order, tie } }
}
