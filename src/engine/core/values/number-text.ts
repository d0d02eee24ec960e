/**
 * A whole number as messages show it: `10,000`. `toLocaleString` would load the language data of the runtime (8 MB of a process,
 * and 13 ms) for a comma.
 */
export const numberText = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',')
