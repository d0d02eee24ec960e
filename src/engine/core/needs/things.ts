/** The models and places of a job: those that it stands in line for, or has. */
import { askAt } from '../state/room.ts'
import { isSite } from '../state/site.ts'
import { isMeter, type Policy } from '../values/policy.ts'
import { modelNeed } from './limits/model.ts'
import { placeNeed } from './limits/place.ts'
import type { Need, Needs, Needy } from './need.ts'

export const things: Needs = {
  needs: (policy, job) => {
    const needs: Need[] = []
    for (const name of job.needs) if (!isMeter(name)) needs.push(thingNeed(policy, job, name))
    return needs
  },
}

/** What a job takes of what it stands for under this name. */
export const thingNeed = (
  policy: Policy,
  job: Pick<Needy, 'spec' | 'places' | 'wholes'>,
  name: string,
): Need => (isSite(name) ? placeNeed(policy, name, askAt(job, name)) : modelNeed(policy, job, name))
