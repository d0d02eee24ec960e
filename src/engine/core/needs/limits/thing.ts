/** The models and places of a job: those that it stands in line for, or has. */
import { askAt } from '../../state/room.ts'
import { isSite } from '../../state/site.ts'
import { isMeter } from '../../values/policy.ts'
import type { Need, Needs, Needy } from '../need.ts'
import { modelNeed } from './model.ts'
import { placeNeed } from './place.ts'

export const things: Needs = {
  needs: (_, job) => {
    const needs: Need[] = []
    for (const name of job.needs) if (!isMeter(name)) needs.push(thingNeed(job, name))
    return needs
  },
}

/** What a job takes of what it stands for under this name. */
export const thingNeed = (job: Pick<Needy, 'spec' | 'places' | 'wholes'>, name: string): Need =>
  isSite(name) ? placeNeed(name, askAt(job, name)) : modelNeed(job, name)
