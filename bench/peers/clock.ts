/** Milliseconds of a clock that all processes of a machine share, whatever happens to the time of day. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6
