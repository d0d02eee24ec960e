/** Models without places: as many jobs at once as the policy gives each, and one that takes the whole model alone. */
import { modelOf } from '../../state/ledger.ts'
import { isSite } from '../../state/site.ts'
import { capacityOf, isMeter, type Policy } from '../../values/policy.ts'
import { ALL, type Limit, type Need, type Needy } from '../need.ts'
import { hasRoomFor, rivalsFor } from '../one-or-all.ts'

const model: Limit<number> = {
  sort: 'model',
  isOn: () => true,
  code: () => 'model_in_use',
  needs: (policy, job) => job.needs.filter(isModel).map((name) => modelNeed(policy, job, name)),
  hasRoom: (asOf, need, asker, counting) =>
    hasRoomFor(asOf, modelOf(asOf.ledger, need.name), need, asker, counting),
  rivals: (draft, { name, total }) => rivalsFor(modelOf(draft, name), total),
  broken: (_, { name }) => `model ${name} has no free place`,
}

const isModel = (name: string): boolean => !isSite(name) && !isMeter(name)

/** What a job takes of a model in no place: one, or all. */
export const modelNeed = (policy: Policy, { wholes }: Pick<Needy, 'wholes'>, name: string): Need<number> => ({
  limit: model,
  name,
  amount: wholes !== null && Object.hasOwn(wholes, name) ? ALL : 1,
  total: capacityOf(policy, name),
})
