import type { CommandBody, Decision, JobOutcome, OnceRecord, Surroundings } from '../../core/index.ts'
import type { AppendRole } from '../../store/index.ts'

/** What would come of a command at the version that this process knows. Nothing is appended. */
export type Preview = (body: CommandBody, known: Pick<Surroundings, 'once' | 'ended'>) => Decision

/** Ids in one call of the store. */
const MOST_ENDINGS = 10_000

/** The same, once the store has said how those ended that its jobs are to come after. @throws what the store throws */
export async function previewed(
  { store, queue }: { readonly store: Pick<AppendRole, 'endings'>; readonly queue: string },
  preview: Preview,
  body: CommandBody,
  once: ReadonlyMap<string, OnceRecord>,
): Promise<Decision> {
  const ended = new Map<string, JobOutcome | null>()
  for (;;) {
    const decision = preview(body, { once, ended })
    if (decision.missing === undefined) return decision
    const names = [...decision.missing]
    for (let from = 0; from < names.length; from += MOST_ENDINGS) {
      const some = names.slice(from, from + MOST_ENDINGS)
      const found = await store.endings(queue, some)
      for (const name of some) ended.set(name, found.get(name) ?? null)
    }
  }
}
