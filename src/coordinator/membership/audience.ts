import { defer, finalize, type Observable } from 'rxjs'

/** Who looks on in this process: whoever subscribes to what happens in the queue wants to know when it happens. */
export class Audience {
  #count = 0

  get isThere(): boolean {
    return this.#count > 0
  }

  /** The same stream; whoever subscribes to it looks on. @param onCome somebody came: what is known may be old */
  of<T>(stream$: Observable<T>, onCome: () => void): Observable<T> {
    return defer(() => {
      this.#count++
      onCome()
      return stream$.pipe(finalize(() => this.#count--))
    })
  }
}
