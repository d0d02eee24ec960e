import type { Policy } from '../../engine/core/index.ts'
import { type AuditedJob, takesAll } from './job.ts'
import { usesOf } from './needs.ts'
import { fitsNowhere, mayBeIn, placesFor } from './places.ts'
import { AuditedServers } from './servers.ts'
import { isEverRoom } from './stock.ts'

/** Due jobs that stand in no line: they fit nowhere, ask for too much, a model or place is paused, or no process serves one. */
export class Aside {
  readonly jobs = new Set<AuditedJob>()
  /** Names of models and of places. */
  readonly paused = new Set<string>()
  readonly servers = new AuditedServers()

  /** Whether the job has to wait here; then it does. */
  takes(job: AuditedJob, policy: Policy): boolean {
    job.held = this.isAside(job, policy)
    if (job.held) this.jobs.add(job)
    return job.held
  }

  leave(job: AuditedJob): void {
    this.jobs.delete(job)
    job.held = false
  }

  /** Takes out those that wait for this model or place, which is open again. */
  release(name: string, policy: Policy): readonly AuditedJob[] {
    const released = [...this.jobs].filter(
      (job) => job.spec.models.includes(name) || mayBeIn(policy, job, name),
    )
    for (const job of released) this.jobs.delete(job)
    return released
  }

  isAside(job: AuditedJob, policy: Policy): boolean {
    return this.isBarred(job, policy) || !this.isServed(job, policy)
  }

  /** It fits no place, or asks for more than a limit; or one of its models is paused, or all places of one that it could use are. */
  isBarred(job: AuditedJob, policy: Policy): boolean {
    const isPaused = (model: string) =>
      this.paused.has(model) ||
      placesFor(policy, job, model)?.every((place) => this.paused.has(place)) === true
    const isTooMuch = usesOf(job).some((need) => !isEverRoom(policy, need))
    return fitsNowhere(policy, job) || isTooMuch || job.spec.models.some(isPaused)
  }

  /** One process serves places for all its models that have some, of those that are not paused. */
  isServed(job: AuditedJob, policy: Policy): boolean {
    const lists = job.spec.models.flatMap((name) => {
      const places = takesAll(job, name) ? undefined : placesFor(policy, job, name)
      return places === undefined ? [] : [places.filter((place) => !this.paused.has(place))]
    })
    return this.servers.areServed(lists)
  }
}
