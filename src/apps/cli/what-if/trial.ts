import { type InterlockError, invalidInput, type Policy } from '../../../engine/core/index.ts'
import type { Trial } from '../../../tools/insight/parts.ts'
import { wholeNumber } from '../flag-value.ts'
import { type PolicyFlags, policyFrom } from '../policy-flags.ts'

const NAMED = 12
const rules = 'serial, by-model, max-active=n, overtakes=n, slots=n'

/** The tries, if none are given. */
export const usualTrials = ['serial', 'by-model', 'by-model,overtakes=16'] as const

/**
 * `by-model,max-active=4,flux-dev=2,overtakes=16,slots=8`: what differs from the policy in force, as with `interlock policy set`.
 * @throws InterlockError `invalid_input`
 */
export function trialOf(text: string, inForce: Policy): Trial {
  const { slots, ...flags } = flagsOf(text)
  return {
    name: text,
    policy: policyFrom(flags, inForce, '--try '),
    slots: wholeNumber('--try slots', slots, 1, 1_000_000) ?? null,
  }
}

/**
 * A word that is not a rule would count as a model, and change nothing.
 * @param models the models that the jobs need
 * @throws InterlockError `invalid_input` for a model that none of them needs
 */
export function checkModels(text: string, models: ReadonlySet<string>): void {
  const named = (flagsOf(text).capacity ?? []).map((part) => part.slice(0, part.lastIndexOf('=')))
  const unknown = named.find((model) => model !== '*' && !models.has(model))
  if (unknown === undefined) return
  const known = [...models].toSorted()
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : ''
  throw invalidInput(
    `--try ${text}: no job of that time needs a model ${unknown}; say ${rules}, or one of its models: ${known.slice(0, NAMED).join(', ') || 'there is none'}${more}`,
  )
}

function flagsOf(text: string): PolicyFlags & { readonly slots?: string } {
  const flags: {
    policy?: string
    maxActive?: string
    overtakes?: string
    slots?: string
    capacity: string[]
  } = {
    capacity: [],
  }
  for (const part of text.split(',').map((each) => each.trim())) {
    const at = part.lastIndexOf('=')
    const [key, value] = [part.slice(0, at), part.slice(at + 1)]
    if (part === '') throw invalidInput(`--try ${text}: a part of it is empty; leave it out`)
    if (part === 'serial' || part === 'by-model') flags.policy = part
    else if (key === 'max-active') flags.maxActive = value
    else if (key === 'overtakes') flags.overtakes = value
    else if (key === 'slots') flags.slots = value
    else if (at > 0) flags.capacity.push(part)
    else throw noRule(text, part)
  }
  const { capacity, ...rest } = flags
  return capacity.length === 0 ? rest : { ...rest, capacity }
}

const noRule = (text: string, part: string): InterlockError =>
  invalidInput(`--try ${text}: ${part} is no rule; say ${rules} or <model>=n`)
