/** `setTimeout` counts in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1

/** Calls back once after `ms`, however long that is; at once if it is over already. Returns how to cancel it. */
export function after(ms: number, callBack: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (left: number) => {
    const step = Math.min(left, LONGEST_MS)
    timer = setTimeout(() => (left > step ? arm(left - step) : callBack()), step)
  }
  arm(Math.max(0, ms))
  return () => clearTimeout(timer)
}
