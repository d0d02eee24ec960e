import type { FairShare, Policy } from '../../../../../engine/core/index.ts'

type Plain = 'maxActive' | 'maxOvertakes' | 'ageSeconds'
type Shared = `fairShare.${keyof FairShare}` | `warm.${'maxPassed' | 'maxPassedSeconds'}`

/** The numbers of a policy as they are typed; empty where it has none. */
export type PolicyDraft = Readonly<Record<Plain | Shared, string>>

interface DraftField {
  readonly name: keyof PolicyDraft
  readonly says: string
  /** What an empty field means. */
  readonly empty: string
  readonly min: number
  readonly isWhole: boolean
}

export const fields: readonly DraftField[] = [
  { name: 'maxActive', says: 'jobs at once', empty: 'any', min: 1, isWhole: true },
  { name: 'maxOvertakes', says: 'how often a job may be overtaken', empty: 'any', min: 0, isWhole: true },
  {
    name: 'ageSeconds',
    says: 'seconds that a level of priority is worth',
    empty: 'strict',
    min: 0,
    isWhole: false,
  },
  {
    name: 'fairShare.spacingSeconds',
    says: 'fair share: seconds further back, per waiting job',
    empty: 'none',
    min: 0,
    isWhole: false,
  },
  {
    name: 'fairShare.maxWaiting',
    says: 'fair share: most waiting jobs',
    empty: 'any',
    min: 1,
    isWhole: true,
  },
  {
    name: 'fairShare.maxActive',
    says: 'fair share: most running jobs',
    empty: 'any',
    min: 1,
    isWhole: true,
  },
  {
    name: 'warm.maxPassed',
    says: 'loaded models: how often a job may be passed for them',
    empty: 'never',
    min: 0,
    isWhole: true,
  },
  {
    name: 'warm.maxPassedSeconds',
    says: 'loaded models: and for how many seconds',
    empty: '0',
    min: 0,
    isWhole: false,
  },
]

const textOf = (value: unknown): string => (value == null ? '' : String(value))
const numberOrNull = (text: string): number | null => (text.trim() === '' ? null : Number(text))

export const draftOf = (policy: Policy): PolicyDraft =>
  Object.fromEntries(
    fields.map(({ name }) => [name, textOf(valueAt(policy, name))]),
  ) as unknown as PolicyDraft

const valueAt = (policy: Policy, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((of, name) => (of as Readonly<Record<string, unknown>> | null)?.[name], policy)

/** The fields of the policy that the draft changes: others may change the rest meanwhile. */
export function changesOf(draft: PolicyDraft, policy: Policy): object {
  const before = draftOf(policy)
  const isChanged = ({ name }: DraftField) => draft[name].trim() !== before[name]
  const changed = fields.filter(isChanged).map(({ name }) => name)
  const plain = changed.filter((name) => !name.includes('.'))
  return {
    ...Object.fromEntries(plain.map((name) => [name, numberOrNull(draft[name])])),
    ...(changed.some((name) => name.startsWith('fairShare.')) ? { fairShare: fairShareOf(draft) } : {}),
    ...(changed.some((name) => name.startsWith('warm.')) ? { warm: warmOf(draft, policy) } : {}),
  }
}

/** Without a number of times nobody is passed for loaded models. */
function warmOf(draft: PolicyDraft, { warm }: Policy): Policy['warm'] | null {
  const maxPassed = numberOrNull(draft['warm.maxPassed'])
  if (maxPassed === null) return null
  const maxPassedSeconds = numberOrNull(draft['warm.maxPassedSeconds']) ?? 0
  return { minLoadedSeconds: 0, loadSeconds: {}, ...warm, maxPassed, maxPassedSeconds }
}

/** Nothing is said of fair shares: fair keys mean nothing. */
function fairShareOf(draft: PolicyDraft): FairShare | null {
  const maxWaiting = numberOrNull(draft['fairShare.maxWaiting'])
  const maxActive = numberOrNull(draft['fairShare.maxActive'])
  const spacing = numberOrNull(draft['fairShare.spacingSeconds'])
  if (spacing === null && maxWaiting === null && maxActive === null) return null
  return { spacingSeconds: spacing ?? 0, maxWaiting, maxActive }
}
