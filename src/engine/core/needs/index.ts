/**
 * Needs: what a job takes to start, as amounts of limited things; whether there is room for each, and why there is none.
 * It may import values and state. Begin with `need.ts`, the one question.
 *
 * | question | file |
 * | --- | --- |
 * | is there room for this need? | `need.ts`; of which thing, a file of `limits/` each, none of which knows another |
 * | what several limits count by | `one-or-all.ts` for models and places, `counted.ts` for shares and tiers |
 * | who keeps something for those ahead? | `keeping.ts`, `offer-expiry.ts` |
 * | may it start? if not, why? | `waits.ts` |
 * | which job is it behind? | `blocking.ts`: in line, as its row says; `told.ts`: now |
 * | what is it told? | `told.ts`, `reasons.ts` |
 * | which of several places does it take, or is it pinned to? | `places.ts`; `fit.ts` |
 * | who counts? | `starts.ts` for rates, `meter.ts` for uses, `tally.ts` for shares and tiers |
 *
 * A *thing* is what stands among the models of the ledger: a model, a place of one (a *site* there) or a resource (a *meter*), told apart by marks
 * before their names (`state/site.ts`). `job.needs` are the names under which a job stands there. A *crew* is one of the processes that serve the
 * same places. Who *runs alone* (`exclusive`) has no models; who takes a model *whole* shares it with nobody.
 * @module
 */
export { modelOpensAt, rateOpensAt } from './limits/rate.ts'
export { type ReasonText, reasonTexts } from './reasons.ts'
export { limitOpensAt, waitingFor } from './told.ts'
export { type HasWorker, isStartable, isTaken, reasonCodeOf } from './waits.ts'
