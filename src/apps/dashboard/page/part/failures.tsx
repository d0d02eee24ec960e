import { count } from '../../../../tools/format/index.ts'
import type { AttemptFailures } from '../../../../tools/insight/index.ts'
import type { Route } from '../frame/route.ts'
import { Bars } from './bars.tsx'
import { None } from './load.tsx'

/** Each with where one does something about it. */
const by: readonly (readonly [
  keyof AttemptFailures & `by${string}`,
  string,
  (name: string) => Partial<Route>,
])[] = [
  ['byPlace', 'place', (model) => ({ see: 'levers', model })],
  ['byWorker', 'worker', (name) => ({ see: 'list', q: `events ${name}` })],
  ['byModel', 'model', (model) => ({ see: 'levers', model })],
]

/** Where attempts failed, and how many of those that ended there. */
export function FailureBars({ of, most }: { readonly of: AttemptFailures; readonly most: number }) {
  if (of.failed === 0) return <None>No attempt has failed.</None>
  return (
    <>
      {by.map(([list, what, to]) =>
        of[list].length === 0 ? null : (
          <div key={list} data-failed={what}>
            <h3>By {what}</h3>
            <Bars
              label={what}
              rows={of[list].slice(0, most).map(({ name, attempts, failed }) => ({
                name,
                to: to(name),
                part: failed / attempts,
                text: `${count(failed)} of ${count(attempts)}`,
              }))}
            />
          </div>
        ),
      )}
    </>
  )
}
